/** What a trader signs: EIP-712 types, messages and digests, built here and believed from nobody. */
import { getAddress, hashDomain, hashTypedData, type Address, type Hex } from "viem";
import type { Leg } from "./instruments.ts";

export interface Member {
  name: string;
  type: string;
}

const members = (text: string): Member[] =>
  text.split(",").map((each) => {
    const [type = "", name = ""] = each.split(" ");
    return { name, type };
  });

const DOMAIN_TYPE = members("string name,string version,uint256 chainId,address verifyingContract");
const STRUCTS = {
  Instrument: members("string underlying,string kind,uint64 expiry,uint128 strike"),
  Leg: members("Instrument instrument,int16 ratio"),
  Order: members(
    "address owner,uint32 account,Leg[] legs,uint64 quantity,uint64 minFill,int128 limit,uint64 nonce," +
      "uint64 validFrom,uint64 validUntil,uint128 spotMin,uint128 spotMax,uint64 maxFee,bool reduceOnly",
  ),
  Cancel: members("address owner,uint32 account,uint64 nonce,uint64 validUntil,uint64 maxFee"),
};

export type PrimaryType = "Order" | "Cancel";
export type Message = Record<string, unknown>;

export interface Domain {
  name: "Offbeat";
  version: "1";
  chainId: string;
  verifyingContract: Address;
}

export interface TypedData {
  types: Record<string, Member[]>;
  primaryType: PrimaryType;
  domain: Domain;
  message: Message;
}

/** The types of the standard that a typed-data object of a primary type names. */
export function typesOf(primaryType: PrimaryType): Record<string, Member[]> {
  const inner = primaryType === "Order" ? { Instrument: STRUCTS.Instrument, Leg: STRUCTS.Leg } : {};
  return { EIP712Domain: DOMAIN_TYPE, ...inner, [primaryType]: STRUCTS[primaryType] };
}

export interface OrderTerms {
  owner: Address;
  account: number;
  legs: readonly Leg[];
  quantityMicros: bigint;
  minFillMicros: bigint;
  limitMicros: bigint;
  nonce: bigint;
  validUntilSeconds: number;
  maxFeeMicros: bigint;
  reduceOnly: boolean;
}

/** An order's message; every number as a decimal text, as the standard writes it. */
export function orderMessage(terms: OrderTerms): Message {
  return {
    owner: getAddress(terms.owner),
    account: String(terms.account),
    legs: terms.legs.map(({ instrument, ratio }) => ({
      instrument: {
        underlying: instrument.underlying,
        kind: instrument.kind,
        expiry: String(instrument.expirySeconds),
        strike: String(instrument.strikeMicros),
      },
      ratio: String(ratio),
    })),
    quantity: String(terms.quantityMicros),
    minFill: String(terms.minFillMicros),
    limit: String(terms.limitMicros),
    nonce: String(terms.nonce),
    validFrom: "0",
    validUntil: String(terms.validUntilSeconds),
    spotMin: "0",
    spotMax: "0",
    maxFee: String(terms.maxFeeMicros),
    reduceOnly: terms.reduceOnly,
  };
}

export interface CancelTerms {
  owner: Address;
  account: number;
  nonce: bigint;
  validUntilSeconds: number;
  maxFeeMicros: bigint;
}

export function cancelMessage(terms: CancelTerms): Message {
  return {
    owner: getAddress(terms.owner),
    account: String(terms.account),
    nonce: String(terms.nonce),
    validUntil: String(terms.validUntilSeconds),
    maxFee: String(terms.maxFeeMicros),
  };
}

export function typedData(primaryType: PrimaryType, message: Message, domain: Domain): TypedData {
  return { types: typesOf(primaryType), primaryType, domain, message };
}

/** The digest that a wallet signs: the intent's hash. */
export function digestOf({ types, primaryType, domain, message }: TypedData): Hex {
  // Our types are known at run time only, which viem's own would have to be for the compiler.
  return hashTypedData({
    types,
    primaryType,
    domain: { ...domain, chainId: BigInt(domain.chainId) },
    message,
  } as Parameters<typeof hashTypedData>[0]);
}

export function separatorOf(domain: Domain): Hex {
  return hashDomain({
    domain: { ...domain, chainId: BigInt(domain.chainId) } as never,
    types: { EIP712Domain: DOMAIN_TYPE },
  });
}
