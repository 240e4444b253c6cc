import assert from "node:assert/strict";
import { test } from "node:test";
import { chanceAbove, greeks, impliedVolatility, normal, price, YEAR_SECONDS } from "../src/core/black76.ts";
import { instrumentId, type Instrument } from "../src/core/instruments.ts";
import { forwardOf, netGreeks, netMark, quoteOf, readMarket, valueAt } from "../src/core/market.ts";
import type { InstrumentView, ReportView } from "../src/api/types.ts";

const near = (found: number | undefined, wanted: number, within: number) =>
  assert.ok(found !== undefined && Math.abs(found - wanted) <= within, `${found} is not ${wanted}`);

test("the normal distribution, against published values", () => {
  const table = [[0, 0.5], [1, 0.841344746068543], [-1.96, 0.0249978951482204], [3, 0.998650101968370], [-6, 9.86587645037698e-10], [10, 1]] as const;
  for (const [x, value] of table) near(normal(x), value, Math.max(1e-14, value * 1e-12));
  for (let x = -8; x <= 8; x += 0.37) near(normal(x) + normal(-x), 1, 1e-14);
});

test("Black's price: Hull's example, parity, and the value without time", () => {
  // Hull, Options, Futures, and Other Derivatives, the put on crude oil futures, without its discount.
  near(price(-1, 20, 20, 0.25, 4 / 12) * Math.exp(-0.09 * 4 / 12), 1.1166, 1e-4);
  near(price(1, 3100, 3000, 0.6, 0.2) - price(-1, 3100, 3000, 0.6, 0.2), 100, 1e-9);
  assert.equal(price(1, 3100, 3000, 0.6, 0), 100);
  assert.equal(price(-1, 3100, 3000, 0, 1), 0);
});

test("greeks are the slopes of the price", () => {
  const [forward, strike, volatility, years] = [3050, 3000, 0.55, 0.1];
  for (const sign of [1, -1]) {
    const found = greeks(sign, forward, strike, volatility, years);
    const at = (f: number, v = volatility, t = years) => price(sign, f, strike, v, t);
    near(found.delta, (at(forward + 0.01) - at(forward - 0.01)) / 0.02, 1e-6);
    near(found.gamma, (at(forward + 1) - 2 * at(forward) + at(forward - 1)), 1e-7);
    near(found.vega, (at(forward, volatility + 0.0001) - at(forward, volatility - 0.0001)) / 0.02, 1e-5);
    near(found.theta, (at(forward, volatility, years - 1e-6) - at(forward, volatility, years + 1e-6)) / 2e-6 / 365, 1e-4);
  }
});

test("an implied volatility gives its price back, and there is none beyond the bounds", () => {
  for (const volatility of [0.05, 0.5, 3]) near(impliedVolatility(1, 3000, 3100, price(1, 3000, 3100, volatility, 0.3), 0.3), volatility, 1e-6);
  assert.equal(impliedVolatility(1, 3000, 2900, 100, 0.3), undefined);
  assert.equal(impliedVolatility(1, 3000, 2900, 3001, 0.3), undefined);
  assert.equal(impliedVolatility(1, 3000, 2900, 150, 0), undefined);
});

test("the chance above a strike falls with it", () => {
  assert.equal(chanceAbove(3000, 0, 0.5, 1), 1);
  near(chanceAbove(3000, 3000, 0.5, 1), normal(-0.25), 1e-15);
  assert.equal(chanceAbove(3000, 2999, 0.5, 0), 1);
});

const now = 1_800_000_000;
const expirySeconds = now + YEAR_SECONDS / 10;
const spotMicros = 3_000_000_000n;
const option = (kind: "call" | "put", strike: number): Instrument => ({ underlying: "ETH", kind, expirySeconds, strikeMicros: BigInt(strike) * 1_000_000n });
const hex = (instrument: Instrument) => `0x${instrumentId(instrument).toString(16).padStart(32, "0")}`;
const listed = (instrument: Instrument, mark: number | null): InstrumentView =>
  ({ instrument_id: hex(instrument), instrument_name: "<b>x</b>", mark_micros: mark === null ? null : String(Math.round(mark * 1e6)), clearing_price_nanos: null, best_bid_micros: null, best_ask_micros: null, open_interest_micros: "0" }) as InstrumentView;

test("forwards come by parity, volatilities from marks", () => {
  const options = [2800, 3000, 3200].flatMap((strike) => [option("call", strike), option("put", strike)]);
  const marked = options.map((each) => listed(each, price(each.kind === "call" ? 1 : -1, 3030, Number(each.strikeMicros) / 1e6, 0.6, 0.1)));
  const report = { timestamp_seconds: String(now), underlyings: [{ symbol: "ETH", spot_micros: String(spotMicros) }], rows: [], inputs: [] } as unknown as ReportView;
  const market = readMarket(marked, report);
  const call = option("call", 3200);
  near(forwardOf(market, call), 3030, 1e-5);
  for (const each of options) near(quoteOf(market, each)?.volatility, 0.6, 1e-5);
  const legs = [{ instrument: option("call", 3000), ratio: 1 }, { instrument: call, ratio: -1 }];
  near(Number(netMark(market, legs)) / 1e6, valueAt(market, legs, 3000, now, 0), 1e-4);
  assert.ok(netGreeks(market, legs).delta > 0.1);
  near(valueAt(market, legs, 3100, expirySeconds, 0), 100, 1e-9);
  assert.equal(quoteOf(market, call)?.name.endsWith("-3200-C"), true);
  const without = readMarket(marked.map((each) => ({ ...each, mark_micros: null })), report);
  assert.equal(netMark(without, legs), undefined);
});

test("an answer that makes no sense is not taken", () => {
  const one = listed(option("call", 3000), 10);
  for (const lie of ["", "1.5", "1e9", "<script>", "NaN", "9".repeat(99), 5, {}])
    assert.throws(() => readMarket([{ ...one, open_interest_micros: lie as string }], undefined), JSON.stringify(lie));
});
