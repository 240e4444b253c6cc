import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { digestOf, orderMessage, separatorOf, typedData, typesOf, type Domain, type PrimaryType, type TypedData } from "../src/core/intents.ts";
import { askWallet, Distrust, readDomain } from "../src/core/trust.ts";
import { devnetSigner, signChecked } from "../src/wallet/signer.ts";
import type { DomainView } from "../src/api/types.ts";

interface Case {
  name: string;
  typedData: TypedData;
  steps: { digest: string };
}
// The standard's own vectors, which every signer is held to; npm runs in the folder of its package.
const vectors = JSON.parse(readFileSync("../docs/vectors/intents.json", "utf8")) as { ownerPrivateKey: string; cases: Case[] };
const cases = vectors.cases.filter((each) => ["Order", "Cancel"].includes(each.typedData.primaryType));
const domain = cases[0]!.typedData.domain;
const view = (changes: object = {}): DomainView =>
  ({ domain, types: { ...typesOf("Order"), ...typesOf("Cancel") }, primaryTypes: [], cashSymbol: "USDC", deployment: {}, ...changes }) as unknown as DomainView;

test("types, digests and signatures are the standard's", async () => {
  assert.ok(cases.length > 3);
  const signer = devnetSigner(vectors.ownerPrivateKey);
  for (const { name, typedData: said, steps: { digest } } of cases) {
    const ours = typedData(said.primaryType as PrimaryType, said.message, said.domain as Domain);
    assert.deepEqual(ours, said, name);
    assert.equal(digestOf(ours), digest, name);
    assert.equal((await signChecked(signer, ours)).hash, digest);
  }
});

test("an order is built as the standard writes it", () => {
  const { message } = cases.find(({ name }) => name === "order: one leg, every option at its default")!.typedData;
  const said = message as Record<string, string>;
  const [leg] = message.legs as { ratio: string; instrument: Record<string, string> }[];
  const instrument = {
    underlying: leg!.instrument.underlying!,
    kind: leg!.instrument.kind as "call",
    expirySeconds: Number(leg!.instrument.expiry),
    strikeMicros: BigInt(leg!.instrument.strike!),
  };
  const built = orderMessage({
    owner: said.owner as `0x${string}`,
    account: Number(said.account),
    legs: [{ instrument, ratio: Number(leg!.ratio) }],
    quantityMicros: BigInt(said.quantity!),
    minFillMicros: BigInt(said.minFill!),
    limitMicros: BigInt(said.limit!),
    nonce: BigInt(said.nonce!),
    validUntilSeconds: Number(said.validUntil),
    maxFeeMicros: BigInt(said.maxFee!),
    reduceOnly: message.reduceOnly as boolean,
  });
  assert.equal(JSON.stringify(built), JSON.stringify(message));
});

test("a relay's domain is taken only if it is the standard's", () => {
  assert.deepEqual(readDomain(view()), domain);
  const swapped = typesOf("Order");
  swapped.Order = [...swapped.Order!].reverse();
  const lies = [
    { domain: { ...domain, name: "Offbeat " } }, { domain: { ...domain, version: "2" } }, { domain: { ...domain, salt: "0x00" } },
    { domain: { ...domain, chainId: "0x1" } }, { domain: { ...domain, chainId: 1 } }, { domain: { ...domain, verifyingContract: "0x12" } },
    { types: { ...typesOf("Cancel"), ...swapped } }, { types: typesOf("Order") }, { types: { ...typesOf("Order"), ...typesOf("Cancel"), Leg: "x" } },
  ];
  for (const lie of lies) assert.throws(() => readDomain(view(lie)), Distrust, JSON.stringify(lie));
});

test("the wallet's own node is asked about the contract", async () => {
  const wallet = (chain: unknown, answer: () => unknown) => ({
    request: async ({ method }: { method: string }) => (method === "eth_chainId" ? chain : answer()),
  });
  const here = `0x${BigInt(domain.chainId).toString(16)}`;
  assert.equal(await askWallet(wallet(here, () => separatorOf(domain)), domain), true);
  assert.equal(await askWallet(wallet(here, () => { throw new Error("no node"); }), domain), false);
  await assert.rejects(askWallet(wallet(here, () => "0x"), domain), Distrust);
  await assert.rejects(askWallet(wallet("0x5", () => separatorOf(domain)), domain), Distrust);
});

test("a signature of anything else is not passed on", async () => {
  const signer = devnetSigner(vectors.ownerPrivateKey);
  const [first, second] = cases.map((each) => each.typedData);
  const liar = { ...signer, sign: () => signer.sign(second!) };
  await assert.rejects(signChecked(liar, first!), Distrust);
  await assert.rejects(signChecked({ ...signer, sign: async () => "0x1234" as const }, first!), Distrust);
});
