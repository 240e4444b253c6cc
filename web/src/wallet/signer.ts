/** Whoever signs: a wallet of the browser, or a throw-away key of a development network. */
import { getAddress, recoverAddress, type Address, type Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { digestOf, type TypedData } from "../core/intents.ts";
import { Distrust } from "../core/trust.ts";

export interface Provider {
  request(call: { method: string; params?: unknown[] }): Promise<unknown>;
  on?(event: string, listener: (...args: never[]) => void): void;
}

export interface Signer {
  address: Address;
  label: string;
  /** A wallet's; a development key has none. */
  provider?: Provider;
  sign(data: TypedData): Promise<Hex>;
}

/** The user said no, which is no fault. */
export class Refusal extends Error {}

const USER_REJECTED = 4001;

/** Ask a wallet for its account. */
export async function connectWallet(provider: Provider, label: string): Promise<Signer> {
  const accounts = await asking(() => provider.request({ method: "eth_requestAccounts" }));
  const first = Array.isArray(accounts) ? accounts[0] : undefined;
  if (typeof first !== "string") throw new Refusal("The wallet shows no account.");
  const address = getAddress(first);
  const sign = (data: TypedData) =>
    asking(() => provider.request({ method: "eth_signTypedData_v4", params: [address, JSON.stringify(data)] }));
  return { address, label, provider, sign: sign as Signer["sign"] };
}

/** A key that lives in this page's memory until it is closed. */
export function devnetSigner(key: string): Signer {
  const text = key.trim().replace(/^0x/, "");
  if (!/^[0-9a-fA-F]{64}$/.test(text)) throw new Refusal("A key is 64 hexadecimal digits.");
  const account = privateKeyToAccount(`0x${text}`);
  return { address: account.address, label: "Devnet key", sign: async (data) => account.sign({ hash: digestOf(data) }) };
}

/** The signature of what this page has built, once it is sure that nothing else was signed. */
export async function signChecked(signer: Signer, data: TypedData): Promise<{ hash: Hex; signature: Hex }> {
  const hash = digestOf(data);
  const signature = await signer.sign(data);
  let signedBy: Address | undefined;
  try {
    signedBy = await recoverAddress({ hash, signature });
  } catch {
    // Malformed: the same as somebody else's.
  }
  if (signedBy !== signer.address)
    throw new Distrust("The signature is not your key's over what is shown here. It was not sent.");
  return { hash, signature };
}

async function asking<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const { code, message } = (error ?? {}) as { code?: number; message?: string };
    if (code === USER_REJECTED) throw new Refusal("You refused in the wallet. Nothing was sent.");
    throw new Refusal(`The wallet could not do it: ${message ?? "it gave no reason"}.`);
  }
}
