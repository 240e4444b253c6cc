/** The relays that this page uses: its own, and those that its user has added. */
import { computed, signal } from "@preact/signals";
import { Problem, Relay } from "../api/relay.ts";
import { Distrust, pin, pinned, readDomain, sameDomain } from "../core/trust.ts";
import type { Domain } from "../core/intents.ts";

export interface RelayState {
  relay: Relay;
  /** Undefined until it has answered. */
  domain: Domain | undefined;
  cashSymbol: string;
  /** Why it is not used. */
  trouble: string;
  /** Of its latest answer. */
  latencyMs: number | undefined;
}

const KEPT = "offbeat.relays";
const MAX_RELAYS = 8;
const SYMBOL = /^[A-Z0-9]{1,5}$/;
const fresh = (origin: string): RelayState => ({
  relay: new Relay(origin), domain: undefined, cashSymbol: "USDC", trouble: "", latencyMs: undefined,
});

export const relays = signal<readonly RelayState[]>([fresh(""), ...keptOrigins().map(fresh)]);
export const own = computed(() => relays.value[0]!);
export const domain = computed(() => own.value.domain);
/** Why nothing may be signed, whatever the user wants; empty where all is well. */
export const distrust = signal("");
/** The relay settles elsewhere than this browser has signed for before. */
export const isMoved = signal(false);
export const usable = computed(() => relays.value.filter((each) => each.domain && !each.trouble));

export async function checkRelays(): Promise<void> {
  relays.value = await Promise.all(relays.value.map(check));
  const [first, ...others] = relays.value;
  const home = first?.domain;
  if (!home) return;
  const known = pinned();
  isMoved.value = known !== undefined && !sameDomain(known as Domain, home);
  if (!known) pin(home);
  relays.value = [
    first,
    ...others.map((each) =>
      each.domain && !sameDomain(each.domain, home) ? { ...each, trouble: "It settles on another contract." } : each,
    ),
  ];
}

async function check(state: RelayState): Promise<RelayState> {
  const started = performance.now();
  try {
    const view = await state.relay.domain();
    const latencyMs = Math.round(performance.now() - started);
    const cashSymbol = SYMBOL.test(view.cashSymbol) ? view.cashSymbol : "cash";
    const found = readDomain(view);
    if (state.relay === own.value.relay) distrust.value = "";
    return { ...state, domain: found, cashSymbol, trouble: "", latencyMs };
  } catch (error) {
    const isLie = !(error instanceof Problem);
    const trouble = error instanceof Problem || error instanceof Distrust ? error.message : "Its answer makes no sense.";
    if (isLie && state.relay === own.value.relay) distrust.value = trouble;
    return { ...state, domain: isLie ? undefined : state.domain, trouble };
  }
}

/** The user says that the new contract is the right one. */
export function acceptMove(): void {
  if (domain.value) pin(domain.value);
  isMoved.value = false;
}

/** Use one more relay; why not, where it cannot be. */
export async function addRelay(text: string): Promise<string> {
  let origin: string;
  try {
    const url = new URL(text.trim());
    if (!/^https?:$/.test(url.protocol)) return "An address begins with https://.";
    origin = url.origin;
  } catch {
    return "This is no address: it looks like https://relay.example.";
  }
  if (relays.value.some((each) => new URL(each.relay.origin || location.origin).origin === origin)) return "It is here already.";
  if (relays.value.length >= MAX_RELAYS) return `At most ${MAX_RELAYS} relays.`;
  relays.value = [...relays.value, fresh(origin)];
  keep();
  await checkRelays();
  return "";
}

export function removeRelay(state: RelayState): void {
  relays.value = relays.value.filter((each) => each.relay !== state.relay);
  keep();
}

function keep(): void {
  localStorage.setItem(KEPT, JSON.stringify(relays.value.slice(1).map((each) => each.relay.origin)));
}

function keptOrigins(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
    return Array.isArray(kept) ? kept.filter((each) => URL.canParse(each)).slice(0, MAX_RELAYS - 1) : [];
  } catch {
    return [];
  }
}
