/** The order that is being put together, and everything that follows from it. */
import { computed, signal } from "@preact/signals";
import { parseDecimal, plainDecimal, floorDiv, MICRO, abs } from "../core/amounts.ts";
import { chanceAbove } from "../core/black76.ts";
import { inOrder, type Leg } from "../core/instruments.ts";
import { orderMessage } from "../core/intents.ts";
import { forwardOf, netGreeks, netMark, smileAt, yearsTo } from "../core/market.ts";
import { breakEvens, extremes, payoff } from "../core/payoff.ts";
import { buildStrategy, type Listing, type StrategyName } from "../core/strategies.ts";
import { market, nowSeconds } from "./market.ts";
import { account, freeNonce, signer } from "./session.ts";

export const LOT_MICROS = 1_000n;
const MAX_QUANTITY_MICROS = (1n << 41n) - 1n;
const MAX_LEGS = 4;
const MAX_RATIO = 1_000;

export const underlying = signal("");
export const expirySeconds = signal(0);
export const legs = signal<readonly Leg[]>([]);
export const strategy = signal<StrategyName | "">("");
export const quantityText = signal("1");
/** Net per unit, always positive; the direction says who pays. Empty follows the mark. */
export const limitText = signal("");
export const isCredit = signal(false);
export const feeText = signal("1");
export const lifeSeconds = signal(3_600);
export const isFillOrKill = signal(false);
export const isReduceOnly = signal(false);
/** Sliders of the payoff. */
export const aheadSeconds = signal(0);
export const volatilityShift = signal(0);

export const symbols = computed(() => [...market.value.spots.keys()].sort());
export const expiries = computed(() => {
  const found = [...market.value.quotes.values()]
    .filter(({ instrument }) => instrument.underlying === underlying.value && instrument.kind !== "spot")
    .map(({ instrument }) => instrument.expirySeconds);
  return [...new Set(found)].filter((each) => each > nowSeconds.value).sort((first, second) => first - second);
});
export const spotMicros = computed(() => market.value.spots.get(underlying.value) ?? 0n);

export function strikesOf(expiry: number): bigint[] {
  const found = [...market.value.quotes.values()]
    .filter(({ instrument }) => instrument.underlying === underlying.value && instrument.expirySeconds === expiry)
    .map(({ instrument }) => instrument.strikeMicros);
  return [...new Set(found)].sort((first, second) => (first < second ? -1 : 1));
}

export function listing(): Listing {
  const later = expiries.value.filter((each) => each >= expirySeconds.value);
  return {
    underlying: underlying.value,
    spot: Number(spotMicros.value) / 1e6,
    expiries: later.map((each) => ({ expirySeconds: each, strikes: strikesOf(each) })),
  };
}

export function choose(name: StrategyName): void {
  const built = buildStrategy(name, listing());
  if (!built) return;
  setLegs(inOrder(built));
  strategy.value = name;
}

export function setLegs(next: readonly Leg[]): void {
  legs.value = next;
  strategy.value = "";
  limitText.value = "";
  aheadSeconds.value = 0;
  isCredit.value = (netMark(market.value, next) ?? 0n) < 0n;
}

/** Add a leg, or more of one that is there. */
export function addLeg(leg: Leg): void {
  const next = inOrder([...legs.value, leg]);
  if (next.length <= MAX_LEGS) setLegs(next);
}

export const net = computed(() => netMark(market.value, legs.value));
const CENT = 10_000n;

/** The limit as it would be signed: positive pays. It follows the mark to the next cent. */
export const limitMicros = computed(() => {
  if (limitText.value.trim()) {
    const size = parseDecimal(limitText.value);
    return size === undefined || size < 0n ? undefined : isCredit.value ? -size : size;
  }
  return net.value === undefined ? undefined : -floorDiv(-net.value, CENT) * CENT;
});
export const limitShown = computed(
  () => limitText.value || (limitMicros.value === undefined ? "" : plainDecimal(abs(limitMicros.value))),
);
export const quantityMicros = computed(() => parseDecimal(quantityText.value));
export const feeMicros = computed(() => parseDecimal(feeText.value));
export const validUntil = computed(() => {
  const firstExpiry = Math.min(...legs.value.map(({ instrument }) => instrument.expirySeconds || Infinity));
  return Math.min(nowSeconds.value + lifeSeconds.value, firstExpiry - 1);
});

/** Why the order cannot be signed yet; empty where it can. */
export const faults = computed(() => {
  const found: string[] = [];
  const quantity = quantityMicros.value;
  if (legs.value.length === 0) found.push("Choose a strategy, or options from the chain.");
  if (legs.value.length > MAX_LEGS) found.push(`An order has at most ${MAX_LEGS} legs.`);
  if (legs.value.some(({ ratio }) => Math.abs(ratio) > MAX_RATIO)) found.push(`A ratio is at most ${MAX_RATIO}.`);
  if (quantity === undefined || quantity <= 0n || quantity > MAX_QUANTITY_MICROS || quantity % LOT_MICROS !== 0n)
    found.push("The quantity is a multiple of 0.001.");
  if (limitMicros.value === undefined) found.push("The limit is an amount with up to six decimals.");
  if (feeMicros.value === undefined || feeMicros.value < 0n || feeMicros.value >= 1n << 64n)
    found.push("The highest fee is an amount with up to six decimals.");
  if (legs.value.length > 0 && validUntil.value <= nowSeconds.value) found.push("An option in it has expired.");
  return found;
});

/** The order's message as it would be signed now; undefined while something is missing. */
export const message = computed(() => {
  const [quantity, limit, fee] = [quantityMicros.value, limitMicros.value, feeMicros.value];
  const [who, record] = [signer.value, account.value];
  if (faults.value.length || !who || !record || quantity === undefined || limit === undefined || fee === undefined)
    return undefined;
  return orderMessage({
    owner: who.address,
    account: 0,
    legs: legs.value,
    quantityMicros: quantity,
    minFillMicros: isFillOrKill.value ? quantity : 0n,
    limitMicros: limit,
    nonce: freeNonce.value,
    validUntilSeconds: validUntil.value,
    maxFeeMicros: fee,
    reduceOnly: isReduceOnly.value,
  });
});

/** Whether all options expire at once, so that the payoff is exact. */
export const isOneExpiry = computed(
  () => new Set(legs.value.filter((each) => each.instrument.kind !== "spot").map((each) => each.instrument.expirySeconds)).size <= 1,
);
export const horizonSeconds = computed(() =>
  Math.min(...legs.value.map(({ instrument }) => instrument.expirySeconds || Infinity)),
);

/** What the whole order can gain or lose at expiry, at its limit; undefined without one. */
export const outcome = computed(() => {
  const [limit, quantity] = [limitMicros.value, quantityMicros.value];
  if (limit === undefined || quantity === undefined || !legs.value.length || !isOneExpiry.value) return undefined;
  const { best, worst } = extremes(legs.value, limit);
  const scaled = (value: bigint | undefined) => value && floorDiv(value * quantity, MICRO);
  return { best: scaled(best), worst: scaled(worst), breakEvens: breakEvens(legs.value, limit) };
});

/** The chance of any gain at expiry, as the market prices it. */
export const chance = computed(() => {
  const option = legs.value.find((each) => each.instrument.kind !== "spot")?.instrument;
  const found = outcome.value;
  const [limit, seconds] = [limitMicros.value, market.value.reportSeconds];
  if (!found || !option || limit === undefined || seconds === undefined) return undefined;
  const forward = forwardOf(market.value, option);
  const years = yearsTo(option.expirySeconds, seconds);
  const edges = [0n, ...found.breakEvens.filter((each) => each > 0n)];
  const above = edges.map((edge) => chanceAbove(forward, Number(edge) / 1e6, smileAt(market.value, option, Number(edge) / 1e6), years));
  return edges.reduce((total, edge, at) => {
    const next = edges[at + 1] ?? edge * 2n + MICRO * 1000n;
    const isGain = payoff(legs.value, (edge + next) / 2n) > limit;
    return total + (isGain ? (above[at] ?? 0) - (above[at + 1] ?? 0) : 0);
  }, 0);
});

export const sensitivities = computed(() => netGreeks(market.value, legs.value));
