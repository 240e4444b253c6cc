import { Wallet } from "ethers";
import { submitAll } from "./typed_data.mjs";

const [url, key, first] = process.argv.slice(2);
const wallet = new Wallet(key);
await submitAll(url, wallet.address, Number(first), (domain, types, _primaryType, message) =>
  wallet.signTypedData(domain, types, message),
);
