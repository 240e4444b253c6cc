// What a wallet can do with the answer of GET /v1/domain alone.

/** The types that `primaryType` needs, itself included, without the domain's own. */
export function typesOf(types, primaryType) {
  const found = { [primaryType]: types[primaryType] };
  for (const { type } of types[primaryType]) {
    const struct = type.replace("[]", "");
    if (types[struct]) Object.assign(found, typesOf(types, struct));
  }
  return found;
}

/** Messages of every primary type for `owner`, nonces from `first` on. */
export function messagesFor(owner, first) {
  const other = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
  const envelope = (offset) => ({
    owner,
    account: 0,
    nonce: first + offset,
    validUntil: 1900000000,
    maxFee: "1000000",
  });
  const leg = (kind, strike, ratio) => ({
    instrument: { underlying: "ETH", kind, expiry: 1829635200, strike },
    ratio,
  });
  return {
    Order: {
      ...envelope(0),
      legs: [leg("put", "3000000000", -1), leg("call", "4000000000", 2)],
      quantity: "10000000",
      minFill: 0,
      limit: "-5000000",
      validFrom: 0,
      spotMin: "0",
      spotMax: "0",
      reduceOnly: false,
    },
    Cancel: envelope(1),
    Withdraw: { ...envelope(2), to: other, asset: "USDC", amount: "1000000" },
    Transfer: { ...envelope(3), toOwner: other, toAccount: 1, amount: "7" },
    Delegate: { ...envelope(4), delegate: other, scope: 3, expires: 1900000000 },
  };
}

/** Sign one message of each primary type with `sign(domain, types, primaryType, message)`. */
export async function submitAll(url, owner, first, sign) {
  const { domain, types, primaryTypes } = await (await fetch(`${url}/v1/domain`)).json();
  const messages = messagesFor(owner, first);
  const answers = {};
  for (const primaryType of primaryTypes) {
    const message = messages[primaryType];
    const signature = await sign(domain, typesOf(types, primaryType), primaryType, message);
    const response = await fetch(`${url}/v1/intents`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ primaryType, message, signature }),
    });
    answers[primaryType] = { ...(await response.json()), code: response.status };
  }
  console.log(JSON.stringify(answers));
}
