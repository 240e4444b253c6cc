/** What a relay says about where and what to sign, held against what this page knows itself. */
import { getAddress, isAddress, keccak256, stringToBytes, type Address, type Hex } from "viem";
import type { DomainView } from "../api/types.ts";
import { separatorOf, typesOf, type Domain, type Member } from "./intents.ts";

/** A relay, a wallet or a chain contradicts what this page knows: nothing is signed. */
export class Distrust extends Error {}

const SEPARATOR_CALL = keccak256(stringToBytes("domain_separator()")).slice(0, 10);
const DOMAIN_KEYS = "chainId,name,verifyingContract,version";
const DEVNET_CHAINS = new Set(["1337", "31337"]);
const PRIMARY_TYPES = ["Order", "Cancel"] as const;

/** The domain that a relay names; throws {@link Distrust} where it is not the standard's. */
export function readDomain(view: DomainView): Domain {
  const said = view.domain as Record<string, unknown>;
  if (Object.keys(said).sort().join() !== DOMAIN_KEYS || said.name !== "Offbeat" || said.version !== "1")
    throw new Distrust("The relay's signing domain is not Offbeat, version 1.");
  const { chainId, verifyingContract } = said;
  if (typeof chainId !== "string" || !/^[1-9][0-9]{0,19}$/.test(chainId))
    throw new Distrust("The relay names no chain that could be signed for.");
  if (typeof verifyingContract !== "string" || !isAddress(verifyingContract))
    throw new Distrust("The relay names no contract that could be signed for.");
  for (const primaryType of PRIMARY_TYPES)
    for (const [name, members] of Object.entries(typesOf(primaryType)))
      if (!sameMembers(view.types[name], members))
        throw new Distrust(`The relay describes “${name}” differently from the standard.`);
  return { name: "Offbeat", version: "1", chainId, verifyingContract: getAddress(verifyingContract) };
}

function sameMembers(said: unknown, known: readonly Member[]): boolean {
  return (
    Array.isArray(said) &&
    said.length === known.length &&
    known.every(({ name, type }, at) => said[at]?.name === name && said[at]?.type === type)
  );
}

export function isDevnet(domain: Domain): boolean {
  return DEVNET_CHAINS.has(domain.chainId);
}

export function sameDomain(first: Domain, second: Domain): boolean {
  return first.chainId === second.chainId && first.verifyingContract === second.verifyingContract;
}

/** The contract that this browser has signed for through this page, if any. */
export interface Pin {
  chainId: string;
  verifyingContract: Address;
}

const PIN_KEY = "offbeat.contract";

export function pinned(): Pin | undefined {
  try {
    const kept = JSON.parse(localStorage.getItem(PIN_KEY) ?? "null");
    return kept && typeof kept.chainId === "string" && isAddress(kept.verifyingContract) ? kept : undefined;
  } catch {
    return undefined;
  }
}

export function pin({ chainId, verifyingContract }: Domain): void {
  localStorage.setItem(PIN_KEY, JSON.stringify({ chainId, verifyingContract }));
}

interface Provider {
  request(call: { method: string; params?: unknown[] }): Promise<unknown>;
}

/**
 * Ask the wallet's own node whether the contract there is the one that a relay names.
 *
 * True where it is, false where the wallet cannot say; throws {@link Distrust} where it is not.
 */
export async function askWallet(provider: Provider, domain: Domain): Promise<boolean> {
  const chain = await provider.request({ method: "eth_chainId" });
  if (BigInt(chain as string) !== BigInt(domain.chainId))
    throw new Distrust(`Your wallet is on chain ${BigInt(chain as string)}, the relay settles on ${domain.chainId}.`);
  let answer: Hex;
  try {
    const call = { to: domain.verifyingContract, data: SEPARATOR_CALL };
    answer = (await provider.request({ method: "eth_call", params: [call, "latest"] })) as Hex;
  } catch {
    return false;
  }
  if (answer !== separatorOf(domain))
    throw new Distrust("Your wallet's own node knows no such Offbeat contract at the address that the relay names.");
  return true;
}
