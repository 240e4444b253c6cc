import assert from "node:assert/strict";
import { test } from "node:test";
import type { Leg } from "../src/core/instruments.ts";
import { breakEvens, corners, extremes, payoff } from "../src/core/payoff.ts";

const leg = (kind: "call" | "put" | "spot", strike: number, ratio: number): Leg => ({
  ratio, instrument: { underlying: "ETH", kind, expirySeconds: kind === "spot" ? 0 : 1, strikeMicros: BigInt(strike) * 1_000_000n },
});
const usd = (value: number) => BigInt(Math.round(value * 1e6));

test("an iron condor, by hand", () => {
  const legs = [leg("put", 2600, 1), leg("put", 2800, -1), leg("call", 3200, -1), leg("call", 3400, 1)];
  assert.deepEqual([0, 2600, 2700, 2800, 3000, 3300, 9000].map((at) => payoff(legs, usd(at))), [-200, -200, -100, 0, 0, -100, -200].map(usd));
  assert.deepEqual(extremes(legs, usd(-34.94)), { best: usd(34.94), worst: usd(-165.06) });
  assert.deepEqual(breakEvens(legs, usd(-34.94)), [usd(2765.06), usd(3234.94)]);
});

test("what has no bound says so", () => {
  assert.deepEqual(extremes([leg("call", 3000, 1)], usd(80)), { best: undefined, worst: usd(-80) });
  assert.deepEqual(extremes([leg("call", 3000, -1)], usd(-80)), { best: usd(80), worst: undefined });
  assert.deepEqual(extremes([leg("put", 3000, -1)], usd(-80)), { best: usd(80), worst: usd(-2920) });
  assert.deepEqual(extremes([leg("spot", 0, 1), leg("call", 3200, -1)], usd(2900)), { best: usd(300), worst: usd(-2900) });
});

test("break-evens lie where the sign changes, once each", () => {
  assert.deepEqual(breakEvens([leg("call", 3000, 1)], usd(80)), [usd(3080)]);
  assert.deepEqual(breakEvens([leg("call", 3000, 2)], usd(81)), [usd(3040.5)]);
  assert.deepEqual(breakEvens([leg("put", 3000, 1), leg("call", 3000, 1)], usd(170)), [usd(2830), usd(3170)]);
  assert.deepEqual(breakEvens([leg("call", 3000, 1), leg("call", 3200, -1)], usd(200)), [usd(3200)]);
  assert.deepEqual(breakEvens([leg("call", 3000, 1)], usd(-1)), []);
});

test("no price beats the extremes, and gains change sign only at break-evens", () => {
  let seed = 7;
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let round = 0; round < 300; round++) {
    const legs = Array.from({ length: 1 + random(4) }, () => leg(random(2) ? "call" : "put", 1 + random(8), random(2) ? 1 + random(3) : -1 - random(3)));
    const net = usd(random(400) / 100 - 2);
    const { best, worst } = extremes(legs, net);
    const evens = breakEvens(legs, net);
    let before = payoff(legs, 0n) - net;
    for (let at = 1; at <= 400; at++) {
      const price = BigInt(at) * 30_000n;
      const gain = payoff(legs, price) - net;
      assert.ok(best === undefined || gain <= best);
      assert.ok(worst === undefined || gain >= worst);
      if (gain > 0n !== before > 0n && gain !== 0n && before !== 0n)
        assert.ok(evens.some((even) => even >= price - 30_001n && even <= price + 1n), `${evens} ${price}`);
      before = gain;
    }
    assert.ok(corners(legs).length >= 1);
  }
});
