/** Who trades, and what has become of each intent: live from the relay's stream. */
import { computed, signal } from "@preact/signals";
import type { Hex } from "viem";
import { Problem } from "../api/relay.ts";
import { Stream, type StreamState } from "../api/stream.ts";
import { whole, type AccountView, type BatchView, type IntentView, type StreamMessage } from "../api/types.ts";
import { askWallet, Distrust } from "../core/trust.ts";
import { typedData, type Message, type PrimaryType } from "../core/intents.ts";
import { signChecked, type Signer } from "../wallet/signer.ts";
import { own, usable } from "./relays.ts";
import { trustedDomain } from "./gate.ts";
import { keepHistory, keptHistory } from "./history.ts";

/** An intent as the page follows it; moments are unix seconds by status. */
export interface Followed {
  view: IntentView;
  signedSeconds: number | undefined;
  moments: Readonly<Record<string, number>>;
}

export const signer = signal<Signer | undefined>(undefined);
export const account = signal<AccountView | undefined>(undefined);
export const intents = signal<ReadonlyMap<string, Followed>>(new Map());
export const batches = signal<ReadonlyMap<number, BatchView>>(new Map());
export const streamState = signal<StreamState>("connecting");
export const accountId = computed(() => signer.value && `${signer.value.address.toLowerCase()}00000000`);
/** In the first lane: the lowest that the relay calls free and that no intent here has, whatever became of it. */
export const freeNonce = computed(() => {
  const used = new Set([...intents.value.values()].map(({ view }) => String((view.message as { nonce?: unknown }).nonce)));
  let number = whole(account.value?.next_numbers[0] ?? "0");
  while (used.has(String(number))) number++;
  return number;
});
const MAX_BATCHES = 128;

let stream: Stream | undefined;

export function openStream(): void {
  stream = new Stream(own.value.relay.streamUrl, {
    onState: (state) => (streamState.value = state),
    onMessage: (message) => {
      try {
        hear(message);
      } catch {
        // What makes no sense changes nothing that is shown.
      }
    },
  });
  stream.follow("batches");
}

export async function signIn(next: Signer | undefined): Promise<void> {
  if (accountId.value) stream?.unfollow(`account:${accountId.value}`);
  signer.value = next;
  account.value = undefined;
  intents.value = new Map();
  const id = accountId.value;
  if (!id) return;
  stream?.follow(`account:${id}`);
  await Promise.all(
    keptHistory(id).map(async ({ hash, signedSeconds, moments }) => {
      try {
        const view = await own.value.relay.intent(hash);
        if (accountId.value === id) note(view, signedSeconds, moments);
      } catch {
        // Another relay's, or this one cannot say: it is not shown.
      }
    }),
  );
}

function hear(message: StreamMessage): void {
  if (message.type === "submitted" || message.type === "problem") return;
  const isMine = message.channel === `account:${accountId.value}`;
  if (message.type === "snapshot") {
    if (isMine && message.account) account.value = message.account;
    if (isMine) for (const view of message.intents ?? []) note(view);
    return;
  }
  if (isMine && message.account) account.value = message.account;
  if (isMine && message.intent) note(message.intent);
  if (message.channel === "batches" && message.batch) addBatches([message.batch]);
}

export function addBatches(views: readonly BatchView[]): void {
  const known = new Map(batches.value);
  for (const view of views) {
    const number = Number(whole(view.number));
    const isOlder = known.get(number)?.status === "final" && view.status !== "final";
    if (!isOlder) known.set(number, view);
  }
  const kept = [...known].sort(([first], [second]) => second - first).slice(0, MAX_BATCHES);
  batches.value = new Map(kept);
}

/** Take note of where an intent is now, unless something later is known. */
export function note(view: IntentView, signedSeconds?: number, moments: Readonly<Record<string, number>> = {}): void {
  const known = intents.value.get(view.intent_hash);
  if (known && whole(known.view.cursor) > whole(view.cursor)) return;
  const next: Followed = {
    view,
    signedSeconds: signedSeconds ?? known?.signedSeconds,
    moments: {
      relayed: Number(whole(view.received_seconds)),
      ...moments,
      ...known?.moments,
      [view.status]: known?.moments[view.status] ?? moments[view.status] ?? Number(whole(view.changed_seconds)),
    },
  };
  intents.value = new Map(intents.value).set(view.intent_hash, next);
  if (accountId.value) keepHistory(accountId.value, intents.value);
}

/** What became of one relay's copy. */
export interface Delivery {
  relay: string;
  problem: Problem | undefined;
}

/**
 * Build, sign, check and send to every relay in use.
 *
 * Throws {@link Distrust} before anything is signed where something contradicts this page's own
 * knowledge, `Refusal` where the wallet does not sign, {@link Problem} where no relay took it.
 */
export async function signAndSend(
  primaryType: PrimaryType, message: Message, onSigned: () => void = () => {},
): Promise<{ hash: Hex; deliveries: Delivery[] }> {
  const who = signer.value;
  const where = trustedDomain();
  if (!who) throw new Distrust("Connect a wallet first.");
  if (who.provider) await askWallet(who.provider, where);
  const { hash, signature } = await signChecked(who, typedData(primaryType, message, where));
  const signedSeconds = Math.floor(Date.now() / 1000);
  onSigned();
  const body = { primaryType, message, signature };
  let lie = false;
  const deliveries = await Promise.all(
    usable.value.map(async ({ relay }): Promise<Delivery> => {
      try {
        const view = await relay.send(body);
        if (view.intent_hash !== hash) lie = true;
        else if (relay === own.value.relay || !intents.value.has(hash)) note(view, signedSeconds);
        return { relay: relay.name, problem: undefined };
      } catch (error) {
        const problem = error instanceof Problem ? error : new Problem("answer_malformed", "Its answer makes no sense.", true);
        return { relay: relay.name, problem };
      }
    }),
  );
  if (lie) throw new Distrust("A relay answered with another intent than the one that you signed.");
  const [first] = deliveries;
  if (deliveries.every((each) => each.problem)) throw first?.problem ?? new Problem("no_relay", "No relay can be used.", true);
  return { hash, deliveries };
}

