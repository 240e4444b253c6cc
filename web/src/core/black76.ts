/**
 * Black (1976) on a forward, undiscounted, for what is shown and never signed: volatilities,
 * greeks, chances and values before expiry. Prices are quote currency, time is years of 365 days.
 */
export const YEAR_SECONDS = 365 * 86_400;
const HIGHEST_VOLATILITY = 20;

/** The standard normal distribution function, to about 1e-14. */
export function normal(x: number): number {
  const y = Math.abs(x) / Math.SQRT2;
  const tail = y > 26 ? 0 : 0.5 * erfc(y);
  return x > 0 ? 1 - tail : tail;
}

/** Complementary error function of a non-negative number, by its continued fraction or series. */
function erfc(x: number): number {
  if (x < 2.5) {
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum) && n < 200; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (x + fraction);
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction);
}

function density(x: number): number {
  return Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
}

export interface Greeks {
  /** Per unit of the forward. */
  delta: number;
  gamma: number;
  /** Per percentage point of volatility. */
  vega: number;
  /** Per day that passes. */
  theta: number;
}

export const NO_GREEKS: Greeks = { delta: 0, gamma: 0, vega: 0, theta: 0 };

function shape(forward: number, strike: number, deviation: number): [number, number] {
  const middle = Math.log(forward / strike) / deviation;
  return [middle + deviation / 2, middle - deviation / 2];
}

/** The value of an option; `sign` is 1 for a call, -1 for a put. */
export function price(sign: number, forward: number, strike: number, volatility: number, years: number): number {
  const deviation = volatility * Math.sqrt(Math.max(0, years));
  if (!(deviation > 0) || forward <= 0) return Math.max(0, sign * (forward - strike));
  const [plus, minus] = shape(forward, strike, deviation);
  return sign * (forward * normal(sign * plus) - strike * normal(sign * minus));
}

export function greeks(sign: number, forward: number, strike: number, volatility: number, years: number): Greeks {
  const root = Math.sqrt(Math.max(0, years));
  const deviation = volatility * root;
  if (!(deviation > 0)) return { ...NO_GREEKS, delta: sign * (forward - strike) > 0 ? sign : 0 };
  const [plus] = shape(forward, strike, deviation);
  const bell = density(plus);
  return {
    delta: sign * normal(sign * plus),
    gamma: bell / (forward * deviation),
    vega: (forward * bell * root) / 100,
    theta: (-forward * bell * volatility) / (2 * root) / 365,
  };
}

/** The volatility at which an option is worth `value`; undefined where none gives that. */
export function impliedVolatility(
  sign: number, forward: number, strike: number, value: number, years: number,
): number | undefined {
  const least = Math.max(0, sign * (forward - strike));
  const most = sign > 0 ? forward : strike;
  if (!(years > 0) || value <= least || value >= most) return undefined;
  let low = 0;
  let high = HIGHEST_VOLATILITY;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (price(sign, forward, strike, middle, years) < value) low = middle;
    else high = middle;
  }
  return high < HIGHEST_VOLATILITY * 0.999 ? (low + high) / 2 : undefined;
}

/** The chance that the price ends above a strike, as the market prices it. */
export function chanceAbove(forward: number, strike: number, volatility: number, years: number): number {
  if (strike <= 0) return 1;
  const deviation = volatility * Math.sqrt(Math.max(0, years));
  if (!(deviation > 0)) return forward > strike ? 1 : 0;
  return normal(shape(forward, strike, deviation)[1]);
}
