/** The market as the page reads it from a report: forwards, volatilities and greeks. */
import type { InstrumentView, ReportView } from "../api/types.ts";
import { toNumber } from "./amounts.ts";
import { greeks, impliedVolatility, NO_GREEKS, price, YEAR_SECONDS, type Greeks } from "./black76.ts";
import { fromId, nameOf, type Instrument, type Leg } from "./instruments.ts";
import { whole } from "../api/types.ts";

export interface Quote {
  id: string;
  name: string;
  instrument: Instrument;
  markMicros: bigint | undefined;
  clearingNanos: bigint | undefined;
  bidMicros: bigint | undefined;
  askMicros: bigint | undefined;
  openInterestMicros: bigint;
  volatility: number | undefined;
  greeks: Greeks;
}

export interface Market {
  reportSeconds: number | undefined;
  /** Spot by underlying. */
  spots: Map<string, bigint>;
  quotes: Map<string, Quote>;
  /** Forward in quote currency by underlying and expiry. */
  forwards: Map<string, number>;
}

const optional = (text: string | null) => (text === null ? undefined : whole(text));
const group = ({ underlying, expirySeconds }: Instrument) => `${underlying} ${expirySeconds}`;

export function yearsTo(expirySeconds: number, seconds: number): number {
  return Math.max(0, expirySeconds - seconds) / YEAR_SECONDS;
}

/** Put together what a relay says of instruments and of its report. */
export function readMarket(instruments: readonly InstrumentView[], report: ReportView | undefined): Market {
  const reportSeconds = report && Number(whole(report.timestamp_seconds));
  const spots = new Map((report?.underlyings ?? []).map((each) => [each.symbol, whole(each.spot_micros)]));
  const quotes = new Map<string, Quote>();
  for (const view of instruments) {
    const instrument = fromId(BigInt(view.instrument_id));
    if (!instrument) continue;
    quotes.set(view.instrument_id, {
      id: view.instrument_id,
      name: nameOf(instrument),
      instrument,
      markMicros: optional(view.mark_micros),
      clearingNanos: optional(view.clearing_price_nanos),
      bidMicros: optional(view.best_bid_micros),
      askMicros: optional(view.best_ask_micros),
      openInterestMicros: whole(view.open_interest_micros),
      volatility: undefined,
      greeks: instrument.kind === "spot" ? { ...NO_GREEKS, delta: 1 } : NO_GREEKS,
    });
  }
  const forwards = impliedForwards([...quotes.values()], spots);
  for (const inputs of report?.inputs ?? [])
    if (inputs.expiry_seconds !== "0")
      forwards.set(`${inputs.symbol} ${inputs.expiry_seconds}`, toNumber(whole(inputs.forward_micros)));
  if (reportSeconds !== undefined) for (const quote of quotes.values()) addVolatility(quote, forwards, reportSeconds);
  return { reportSeconds, spots, quotes, forwards };
}

/** By put-call parity at the strike nearest to spot; spot itself where no strike has both. */
function impliedForwards(quotes: readonly Quote[], spots: ReadonlyMap<string, bigint>): Map<string, number> {
  const found = new Map<string, { forward: number; distance: number }>();
  const calls = new Map<string, number>();
  const key = (quote: Quote) => `${group(quote.instrument)} ${quote.instrument.strikeMicros}`;
  for (const quote of quotes)
    if (quote.instrument.kind === "call" && quote.markMicros !== undefined)
      calls.set(key(quote), toNumber(quote.markMicros));
  for (const quote of quotes) {
    const { instrument, markMicros } = quote;
    const spot = toNumber(spots.get(instrument.underlying) ?? 0n);
    const call = calls.get(key(quote));
    if (instrument.kind !== "put") continue;
    const strike = toNumber(instrument.strikeMicros);
    const isPair = markMicros !== undefined && call !== undefined;
    const distance = isPair ? Math.abs(strike - spot) : Infinity;
    const forward = isPair ? strike + call - toNumber(markMicros) : spot;
    const known = found.get(group(instrument));
    if (!known || distance < known.distance) found.set(group(instrument), { forward, distance });
  }
  return new Map([...found].map(([name, { forward }]) => [name, forward]));
}

function addVolatility(quote: Quote, forwards: ReadonlyMap<string, number>, seconds: number): void {
  const { instrument, markMicros } = quote;
  const forward = forwards.get(group(instrument));
  if (instrument.kind === "spot" || markMicros === undefined || !forward) return;
  const sign = instrument.kind === "call" ? 1 : -1;
  const strike = toNumber(instrument.strikeMicros);
  const years = yearsTo(instrument.expirySeconds, seconds);
  quote.volatility = impliedVolatility(sign, forward, strike, toNumber(markMicros), years);
  if (quote.volatility !== undefined) quote.greeks = greeks(sign, forward, strike, quote.volatility, years);
}

export function forwardOf(market: Market, instrument: Instrument): number {
  return market.forwards.get(group(instrument)) ?? toNumber(market.spots.get(instrument.underlying) ?? 0n);
}

export function quoteOf(market: Market, instrument: Instrument): Quote | undefined {
  for (const quote of market.quotes.values())
    if (
      quote.instrument.kind === instrument.kind &&
      quote.instrument.strikeMicros === instrument.strikeMicros &&
      quote.instrument.expirySeconds === instrument.expirySeconds &&
      quote.instrument.underlying === instrument.underlying
    )
      return quote;
  return undefined;
}

/** The net mark of one unit; undefined where a leg has no mark. */
export function netMark(market: Market, legs: readonly Leg[]): bigint | undefined {
  let total = 0n;
  for (const leg of legs) {
    const mark = quoteOf(market, leg.instrument)?.markMicros;
    if (mark === undefined) return undefined;
    total += mark * BigInt(leg.ratio);
  }
  return total;
}

/** What a unit is worth if spot stands at `spot` at a moment, with volatilities changed by `shift`. */
export function valueAt(market: Market, legs: readonly Leg[], spot: number, seconds: number, shift: number): number {
  return legs.reduce((total, { instrument, ratio }) => {
    if (instrument.kind === "spot") return total + ratio * spot;
    const today = toNumber(market.spots.get(instrument.underlying) ?? 0n);
    const forward = today ? (forwardOf(market, instrument) * spot) / today : spot;
    const volatility = Math.max(0.01, (quoteOf(market, instrument)?.volatility ?? 0) + shift);
    const sign = instrument.kind === "call" ? 1 : -1;
    const years = yearsTo(instrument.expirySeconds, seconds);
    const basis = years > 0 ? forward : spot;
    return total + ratio * price(sign, basis, toNumber(instrument.strikeMicros), volatility, years);
  }, 0);
}

/** Net sensitivities of one unit. */
export function netGreeks(market: Market, legs: readonly Leg[]): Greeks {
  const total = { ...NO_GREEKS };
  for (const { instrument, ratio } of legs) {
    const each = quoteOf(market, instrument)?.greeks ?? NO_GREEKS;
    for (const name of Object.keys(total) as (keyof Greeks)[]) total[name] += ratio * each[name];
  }
  return total;
}

/** The volatility at a price for an expiry, between the strikes that are quoted. */
export function smileAt(market: Market, instrument: Instrument, price_: number): number {
  const points = [...market.quotes.values()]
    .filter((each) => each.volatility !== undefined && group(each.instrument) === group(instrument))
    .map((each) => [toNumber(each.instrument.strikeMicros), each.volatility ?? 0] as const)
    .sort(([first], [second]) => first - second);
  const above = points.findIndex(([strike]) => strike >= price_);
  if (above === 0 || above === -1) return points.at(above)?.[1] ?? 0;
  const [low = [0, 0], high = [1, 0]] = points.slice(above - 1, above + 1);
  const share = high[0] > low[0] ? (price_ - low[0]) / (high[0] - low[0]) : 0;
  return low[1] + share * (high[1] - low[1]);
}
