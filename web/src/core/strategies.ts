/** The standard strategies around a price, from the strikes that the market lists. */
import type { Instrument, Kind, Leg } from "./instruments.ts";

/** Each leg: kind, steps from the strike at the money, ratio, and which expiry (0 is the chosen). */
type Pattern = readonly (readonly [Kind, number, number, number?])[];

export const STRATEGIES = {
  "Long call": [["call", 0, 1]],
  "Long put": [["put", 0, 1]],
  "Covered call": [["spot", 0, 1], ["call", 1, -1]],
  "Cash-secured put": [["put", -1, -1]],
  "Bull call spread": [["call", 0, 1], ["call", 1, -1]],
  "Bear put spread": [["put", 0, 1], ["put", -1, -1]],
  Straddle: [["call", 0, 1], ["put", 0, 1]],
  Strangle: [["put", -1, 1], ["call", 1, 1]],
  "Risk reversal": [["put", -1, -1], ["call", 1, 1]],
  Butterfly: [["call", -1, 1], ["call", 0, -2], ["call", 1, 1]],
  "Iron butterfly": [["put", -1, 1], ["put", 0, -1], ["call", 0, -1], ["call", 1, 1]],
  "Iron condor": [["put", -2, 1], ["put", -1, -1], ["call", 1, -1], ["call", 2, 1]],
  Calendar: [["call", 0, -1], ["call", 0, 1, 1]],
} as const satisfies Record<string, Pattern>;

export type StrategyName = keyof typeof STRATEGIES;

export interface Listing {
  underlying: string;
  spot: number;
  /** Of the expiry that is chosen, ascending; then of the next one, if there is any. */
  expiries: readonly { expirySeconds: number; strikes: readonly bigint[] }[];
}

/** The legs of a strategy; undefined where the listing has too few strikes or expiries. */
export function buildStrategy(name: StrategyName, listing: Listing): Leg[] | undefined {
  const legs: Leg[] = [];
  const strikes = listing.expiries[0]?.strikes ?? [];
  const middle = nearest(strikes, listing.spot);
  for (const [kind, step, ratio, later = 0] of STRATEGIES[name] as Pattern) {
    const expiry = listing.expiries[later];
    const strike = strikes[middle + step];
    if (!expiry || strike === undefined || !expiry.strikes.includes(strike)) return undefined;
    const option: Instrument = {
      underlying: listing.underlying,
      kind,
      expirySeconds: expiry.expirySeconds,
      strikeMicros: strike,
    };
    legs.push({ ratio, instrument: kind === "spot" ? { ...option, expirySeconds: 0, strikeMicros: 0n } : option });
  }
  return legs;
}

/** The place of the strike nearest to a price. */
export function nearest(strikes: readonly bigint[], price: number): number {
  const distance = (strike: bigint | undefined) => Math.abs(Number(strike ?? 0n) / 1e6 - price);
  return strikes.reduce((best, strike, at) => (distance(strike) < distance(strikes[best]) ? at : best), 0);
}
