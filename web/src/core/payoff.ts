/**
 * The payoff of legs at their common expiry, exactly: piecewise linear in the settlement price,
 * with corners at the strikes. Amounts are micros for one unit of the strategy.
 */
import { abs } from "./amounts.ts";
import type { Leg } from "./instruments.ts";

/** What one leg's instrument pays at a settlement price. */
function intrinsic({ instrument, ratio }: Leg, price: bigint): bigint {
  const { kind, strikeMicros } = instrument;
  const above = kind === "put" ? strikeMicros - price : kind === "call" ? price - strikeMicros : price;
  return BigInt(ratio) * (above > 0n ? above : 0n);
}

export function payoff(legs: readonly Leg[], price: bigint): bigint {
  return legs.reduce((total, leg) => total + intrinsic(leg, price), 0n);
}

/** How much the payoff grows with each unit of price beyond the highest strike. */
export function farSlope(legs: readonly Leg[]): number {
  return legs.reduce((total, leg) => total + (leg.instrument.kind === "put" ? 0 : leg.ratio), 0);
}

export function corners(legs: readonly Leg[]): bigint[] {
  const strikes = legs.filter((leg) => leg.instrument.kind !== "spot").map((leg) => leg.instrument.strikeMicros);
  return [...new Set([0n, ...strikes])].sort((first, second) => (first < second ? -1 : 1));
}

export interface Extremes {
  /** Undefined: without bound. */
  best: bigint | undefined;
  worst: bigint | undefined;
}

/** The most and the least that a unit can gain, having cost `net` (negative: brought in). */
export function extremes(legs: readonly Leg[], net: bigint): Extremes {
  const values = corners(legs).map((price) => payoff(legs, price) - net);
  const slope = farSlope(legs);
  const pick = (wins: (value: bigint, other: bigint) => boolean) =>
    values.reduce((chosen, each) => (wins(each, chosen) ? each : chosen));
  return {
    best: slope > 0 ? undefined : pick((value, other) => value > other),
    worst: slope < 0 ? undefined : pick((value, other) => value < other),
  };
}

/** Prices at which nothing is gained or lost, to the nearest micro, ascending. */
export function breakEvens(legs: readonly Leg[], net: bigint): bigint[] {
  const found: bigint[] = [];
  const prices = corners(legs);
  const gain = (price: bigint) => payoff(legs, price) - net;
  prices.forEach((low, index) => {
    const start = gain(low);
    if (start === 0n) {
      const isTouched = gain(low + 1n) !== 0n || (low > 0n && gain(low - 1n) !== 0n);
      if (isTouched) found.push(low);
      return;
    }
    const high = prices[index + 1];
    const slope = high === undefined ? BigInt(farSlope(legs)) : gain(low + 1n) - start;
    if (slope === 0n || slope > 0n === start > 0n) return;
    const crossing = low + (abs(start) + abs(slope) / 2n) / abs(slope);
    if (high === undefined || crossing < high) found.push(crossing);
  });
  return found;
}
