import assert from "node:assert/strict";
import { test } from "node:test";
import { fromId, inOrder, instrumentId, nameOf, type Instrument } from "../src/core/instruments.ts";
import { buildStrategy, STRATEGIES, type StrategyName } from "../src/core/strategies.ts";

const expirySeconds = Date.UTC(2026, 11, 25, 8) / 1000;
export const option = (kind: "call" | "put", strike: number, at = expirySeconds): Instrument => ({
  underlying: "ETH", kind, expirySeconds: at, strikeMicros: BigInt(Math.round(strike * 1e6)),
});

test("an id and an instrument are the same", () => {
  const call = option("call", 4000);
  assert.equal(instrumentId(call).toString(16), `4554480000${expirySeconds.toString(16)}${(4_000_000_000).toString(16).padStart(12, "0")}01`);
  for (const each of [call, option("put", 2.25), { underlying: "BTC", kind: "spot", expirySeconds: 0, strikeMicros: 0n } as const])
    assert.deepEqual(fromId(instrumentId(each)), each);
  for (const id of [0n, 3n, instrumentId(call) + 2n, 1n << 127n]) assert.equal(fromId(id), undefined);
});

test("names are Deribit's", () => {
  assert.equal(nameOf(option("call", 4000)), "ETH-25DEC26-4000-C");
  assert.equal(nameOf(option("put", 2.25)), "ETH-25DEC26-2d25-P");
});

test("legs ascend by id, one for each instrument", () => {
  const [low, high] = [option("put", 1000), option("call", 2000)];
  const found = inOrder([{ instrument: high, ratio: 1 }, { instrument: low, ratio: -1 }, { instrument: high, ratio: 2 }]);
  assert.deepEqual(found, [{ instrument: low, ratio: -1 }, { instrument: high, ratio: 3 }]);
  assert.deepEqual(inOrder([{ instrument: low, ratio: 1 }, { instrument: low, ratio: -1 }]), []);
});

test("every preset is built where there are strikes enough, and none where there are not", () => {
  const strikes = [2400, 2600, 2800, 3000, 3200, 3400, 3600].map((each) => BigInt(each) * 1_000_000n);
  const later = expirySeconds + 86_400;
  const listing = { underlying: "ETH", spot: 2991, expiries: [{ expirySeconds, strikes }, { expirySeconds: later, strikes }] };
  for (const name of Object.keys(STRATEGIES) as StrategyName[]) {
    const legs = buildStrategy(name, listing);
    assert.ok(legs && legs.length >= 1 && legs.length <= 4, name);
    assert.equal(inOrder(legs).length, legs.length);
  }
  const condor = buildStrategy("Iron condor", listing)?.map(({ instrument, ratio }) => `${ratio} ${nameOf(instrument)}`);
  assert.deepEqual(condor, ["1 ETH-25DEC26-2600-P", "-1 ETH-25DEC26-2800-P", "-1 ETH-25DEC26-3200-C", "1 ETH-25DEC26-3400-C"]);
  assert.equal(buildStrategy("Iron condor", { ...listing, spot: 2400 }), undefined);
  assert.equal(buildStrategy("Calendar", { ...listing, expiries: listing.expiries.slice(1) }), undefined);
});
