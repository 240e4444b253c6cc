/** Which intents this browser has followed: hashes and moments, no more; relays know the rest. */
import type { Followed } from "./session.ts";

interface Kept {
  hash: string;
  signedSeconds: number | undefined;
  moments: Record<string, number>;
}

const MOST = 64;
const HASH = /^0x[0-9a-f]{64}$/;
const keyOf = (accountId: string) => `offbeat.history.${accountId}`;

export function keepHistory(accountId: string, intents: ReadonlyMap<string, Followed>): void {
  const kept = [...intents.values()]
    .sort((first, second) => Number(second.view.received_seconds) - Number(first.view.received_seconds))
    .slice(0, MOST)
    .map(({ view, signedSeconds, moments }) => ({ hash: view.intent_hash, signedSeconds, moments }));
  try {
    localStorage.setItem(keyOf(accountId), JSON.stringify(kept));
  } catch {
    // A browser that keeps nothing still shows what is open.
  }
}

export function keptHistory(accountId: string): Kept[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(keyOf(accountId)) ?? "[]");
    return Array.isArray(kept) ? kept.filter((each) => HASH.test(each?.hash) && each.moments) : [];
  } catch {
    return [];
  }
}
