import { privateKeyToAccount } from "viem/accounts";
import { submitAll } from "./typed_data.mjs";

const [url, key, first] = process.argv.slice(2);
const account = privateKeyToAccount(key);
await submitAll(url, account.address, Number(first), (domain, types, primaryType, message) =>
  account.signTypedData({ domain, types, primaryType, message }),
);
