/** Exact amounts. Whatever is signed, sent or added up is a bigint in micros or nanos. */

export const MICRO = 1_000_000n;
export const NANO = 1_000_000_000n;
const DECIMAL = /^([+−-]?)(\d{1,24})(?:\.(\d{1,9}))?$/;

/** Division that rounds down, also below zero. */
export function floorDiv(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend % divisor !== 0n && dividend < 0n !== divisor < 0n ? quotient - 1n : quotient;
}

/** A decimal text in units of 10^-decimals; undefined where it is no number or has more digits. */
export function parseDecimal(text: string, decimals = 6): bigint | undefined {
  const match = DECIMAL.exec(text.trim().replaceAll(",", ""));
  if (!match) return undefined;
  const [, sign, whole = "", fraction = ""] = match;
  if (fraction.length > decimals) return undefined;
  const size = BigInt(whole + fraction.padEnd(decimals, "0"));
  return sign === "-" || sign === "−" ? -size : size;
}

/** The shortest exact decimal of an amount, for a field in which it is edited. */
export function plainDecimal(amount: bigint, decimals = 6): string {
  const digits = abs(amount).toString().padStart(decimals + 1, "0");
  const fraction = digits.slice(-decimals).replace(/0+$/, "");
  return (amount < 0n ? "-" : "") + digits.slice(0, -decimals) + (fraction && `.${fraction}`);
}

interface Style {
  /** Digits after the point, to the nearest; all that count where it is left out. */
  places?: number;
  /** Write a sign before what is positive too. */
  signed?: boolean;
  decimals?: number;
}

/** An amount for reading: groups of three, a true minus sign. */
export function format(amount: bigint, { places, signed, decimals = 6 }: Style = {}): string {
  let size = abs(amount);
  let shown = decimals;
  if (places !== undefined && places < decimals) {
    const unit = 10n ** BigInt(decimals - places);
    size = (size + unit / 2n) / unit;
    shown = places;
  }
  const digits = size.toString().padStart(shown + 1, "0");
  const whole = (shown ? digits.slice(0, -shown) : digits).replace(/\B(?=(\d{3})+$)/g, ",");
  let fraction = shown ? digits.slice(-shown) : "";
  if (places === undefined) fraction = fraction.replace(/0+$/, "");
  const sign = size === 0n ? "" : amount < 0n ? "−" : signed ? "+" : "";
  return sign + whole + (fraction && `.${fraction}`);
}

/** The same of a plain number, which is never an amount of money that anybody owes. */
export function formatNumber(value: number, places = 2, signed = false): string {
  if (!Number.isFinite(value)) return "–";
  const text = Math.abs(value).toFixed(places);
  const isZero = Number(text) === 0;
  const grouped = text.replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ",");
  return (isZero ? "" : value < 0 ? "−" : signed ? "+" : "") + grouped;
}

export function toNumber(amount: bigint, decimals = 6): number {
  return Number(amount) / 10 ** decimals;
}

export function abs(amount: bigint): bigint {
  return amount < 0n ? -amount : amount;
}

export function min(first: bigint, ...others: bigint[]): bigint {
  return others.reduce((least, each) => (each < least ? each : least), first);
}

export function max(first: bigint, ...others: bigint[]): bigint {
  return others.reduce((most, each) => (each > most ? each : most), first);
}
