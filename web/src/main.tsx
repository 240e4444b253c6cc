import { effect } from "@preact/signals";
import { render } from "preact";
import { Shell } from "./shell.tsx";
import { keepReading } from "./state/market.ts";
import { checkRelays } from "./state/relays.ts";
import { openStream } from "./state/session.ts";
import { expiries, expirySeconds, symbols, underlying } from "./state/ticket.ts";
import { discoverWallets } from "./wallet/discovery.ts";
import "./style.css";

const RELAYS_EVERY_MS = 30_000;

// There is always a market on show: the first one, and the nearest month of it.
effect(() => {
  if (!symbols.value.includes(underlying.value)) underlying.value = symbols.value[0] ?? "";
});
effect(() => {
  const listed = expiries.value;
  if (listed.length && !listed.includes(expirySeconds.value)) expirySeconds.value = listed[1] ?? listed[0] ?? 0;
});

discoverWallets();
openStream();
keepReading();
void checkRelays();
setInterval(() => document.hidden || void checkRelays(), RELAYS_EVERY_MS);

const host = document.getElementById("page");
if (host) {
  host.replaceChildren();
  render(<Shell />, host);
}
