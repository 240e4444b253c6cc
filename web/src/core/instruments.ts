/** Instruments by their 128-bit ids: symbol (40 bits) | expiry (32) | strike (48) | kind (8). */

export type Kind = "spot" | "call" | "put";
const KINDS: readonly Kind[] = ["spot", "call", "put"];
const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const SYMBOL = /^[A-Z0-9]{1,5}$/;

export interface Instrument {
  underlying: string;
  kind: Kind;
  expirySeconds: number;
  strikeMicros: bigint;
}

export interface Leg {
  instrument: Instrument;
  ratio: number;
}

export function instrumentId({ underlying, kind, expirySeconds, strikeMicros }: Instrument): bigint {
  let symbol = 0n;
  for (const letter of underlying.padEnd(5, "\0")) symbol = (symbol << 8n) | BigInt(letter.charCodeAt(0));
  return (((symbol << 32n) | BigInt(expirySeconds)) << 56n) | (strikeMicros << 8n) | BigInt(KINDS.indexOf(kind));
}

/** The instrument with an id; undefined where no instrument has it. */
export function fromId(id: bigint): Instrument | undefined {
  let underlying = "";
  for (let shift = 120n; shift >= 88n; shift -= 8n) {
    const letter = Number((id >> shift) & 0xffn);
    if (letter) underlying += String.fromCharCode(letter);
  }
  const kind = KINDS[Number(id & 0xffn)];
  if (!kind || !SYMBOL.test(underlying)) return undefined;
  const found = {
    underlying,
    kind,
    expirySeconds: Number((id >> 56n) & 0xffff_ffffn),
    strikeMicros: (id >> 8n) & 0xffff_ffff_ffffn,
  };
  return instrumentId(found) === id ? found : undefined;
}

/** Deribit's name. */
export function nameOf({ underlying, kind, expirySeconds, strikeMicros }: Instrument): string {
  if (kind === "spot") return underlying;
  const day = new Date(expirySeconds * 1000);
  const date = `${day.getUTCDate()}${MONTHS[day.getUTCMonth()]}${String(day.getUTCFullYear()).slice(2)}`;
  const fraction = (strikeMicros % 1_000_000n).toString().padStart(6, "0").replace(/0+$/, "");
  const strike = `${strikeMicros / 1_000_000n}${fraction && `d${fraction}`}`;
  return `${underlying}-${date}-${strike}-${kind === "call" ? "C" : "P"}`;
}

/** Legs as they are signed: one of each instrument, ascending by id. */
export function inOrder(legs: readonly Leg[]): Leg[] {
  const ratios = new Map<bigint, Leg>();
  for (const leg of legs) {
    const id = instrumentId(leg.instrument);
    ratios.set(id, { instrument: leg.instrument, ratio: leg.ratio + (ratios.get(id)?.ratio ?? 0) });
  }
  return [...ratios]
    .filter(([, leg]) => leg.ratio !== 0)
    .sort(([first], [second]) => (first < second ? -1 : 1))
    .map(([, leg]) => leg);
}
