/** Wallets that announce themselves (EIP-6963), and the one that does not (`window.ethereum`). */
import { signal } from "@preact/signals";
import type { Provider } from "./signer.ts";

export interface FoundWallet {
  id: string;
  name: string;
  icon: string;
  provider: Provider;
}

export const wallets = signal<readonly FoundWallet[]>([]);
const MAX_WALLETS = 16;
const MAX_NAME = 40;

export function discoverWallets(): void {
  addEventListener("eip6963:announceProvider", (event) => {
    const { info, provider } = (event as CustomEvent).detail ?? {};
    if (typeof info?.uuid !== "string" || typeof provider?.request !== "function") return;
    add({ id: info.uuid, name: String(info.name).slice(0, MAX_NAME), icon: safeIcon(info.icon), provider });
  });
  dispatchEvent(new Event("eip6963:requestProvider"));
  const injected = (window as { ethereum?: Provider }).ethereum;
  if (injected && wallets.value.length === 0)
    add({ id: "injected", name: "Browser wallet", icon: "", provider: injected });
}

function add(wallet: FoundWallet): void {
  const others = wallets.value.filter((each) => each.id !== wallet.id && each.id !== "injected");
  if (others.length < MAX_WALLETS) wallets.value = [...others, wallet];
}

/** Wallets bring their icon as data; whatever else they name is not loaded. */
function safeIcon(icon: unknown): string {
  return typeof icon === "string" && /^data:image\/(png|webp|svg\+xml|jpeg)[;,]/.test(icon) ? icon : "";
}
