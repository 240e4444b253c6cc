/** Stable codes in plain words. A relay's own sentence is shown besides, as its own. */

const WORDS: Record<string, string> = {
  account_mismatch: "The order is for another account.",
  below_min_fill: "It could not be filled as far as you asked.",
  cash_negative: "The account has not enough cash for it.",
  expired: "Its time was over.",
  fee_above_max: "Its share of the costs is above the fee that you allowed.",
  leg_expired: "An option in it has expired.",
  limit_violated: "The price would have been worse than your limit.",
  market_condition: "Spot is outside the bounds that you set.",
  nonce_lane: "Its nonce opens a lane out of turn.",
  nonce_spent: "Its nonce is spent or cancelled: it was replaced, or it has run already.",
  node_busy: "The relay is busy. Try again in a moment.",
  not_yet_valid: "It is not valid yet.",
  partials_full: "Too many orders of this account are filled in part.",
  position_bounds: "The account would hold too many positions.",
  quantity_invalid: "The quantity is not a whole number of lots of 0.001.",
  rate_limited: "Too many requests. Wait a moment.",
  reduce_only: "It would open a position, and you asked only to reduce.",
  relay_unreachable: "The relay does not answer.",
  report_missing: "There is no oracle report to judge its margin by.",
  signature_invalid: "The signature is not valid.",
  signer_unauthorised: "The key that signed may not sign for this account.",
  spot_negative: "It would sell more of the asset than the account holds.",
  symbol_invalid: "No such underlying is traded here.",
  too_many_open: "The account has too many open intents.",
  unhealthy: "The account would not have enough margin.",
};

/** What a code means; the code itself where it is new to this page. */
export function words(code: string): string {
  return WORDS[code] ?? code.replaceAll("_", " ").replace(/^./, (letter) => letter.toUpperCase());
}

/** A span of time, at most two units long. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const parts: [number, string][] = [
    [Math.floor(whole / 86_400), "d"],
    [Math.floor(whole / 3_600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const MOMENT = new Intl.DateTimeFormat("en-GB", {
  day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: "UTC",
});
const SHORT_DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
export const shortDay = (seconds: number) => SHORT_DAY.format(seconds * 1000);
export const day = (seconds: number) => DAY.format(seconds * 1000);
export const moment = (seconds: number) => `${MOMENT.format(seconds * 1000)} UTC`;
export const short = (hex: string) => (hex.length > 14 ? `${hex.slice(0, 8)}…${hex.slice(-4)}` : hex);
