/** Choose who signs. */
import { useSignal } from "@preact/signals";
import { isDevnet } from "../core/trust.ts";
import { domain } from "../state/relays.ts";
import { signer, signIn } from "../state/session.ts";
import { Dialog, Empty, Notice } from "../ui/parts.tsx";
import { wallets } from "./discovery.ts";
import { connectWallet, devnetSigner, Refusal, type Signer } from "./signer.ts";

export function Connect({ onClose }: { onClose(): void }) {
  const trouble = useSignal("");
  const key = useSignal("");
  const use = async (open: () => Promise<Signer> | Signer) => {
    try {
      const next = await open();
      // Whoever changes the account in the wallet is somebody else here.
      next.provider?.on?.("accountsChanged", () => signer.value === next && void signIn(undefined));
      await signIn(next);
      onClose();
    } catch (error) {
      trouble.value = error instanceof Refusal ? error.message : "The wallet's answer makes no sense.";
    }
  };
  return (
    <Dialog title="Connect" onClose={onClose}>
      {wallets.value.length === 0 && <Empty>No wallet has announced itself in this browser.</Empty>}
      <ul class="wallets">
        {wallets.value.map((wallet) => (
          <li key={wallet.id}>
            <button type="button" onClick={() => use(() => connectWallet(wallet.provider, wallet.name))}>
              {wallet.icon && <img src={wallet.icon} alt="" width="24" height="24" />}
              {wallet.name}
            </button>
          </li>
        ))}
      </ul>
      {domain.value && isDevnet(domain.value) && (
        <form
          class="devnet"
          onSubmit={(event) => {
            event.preventDefault();
            void use(() => devnetSigner(key.value));
          }}
        >
          <h3>Throw-away devnet key</h3>
          <p class="muted">
            Chain {domain.value.chainId} is a development network. A key from its folder <code>keys/</code> can sign
            right here. It stays in this page’s memory until you leave. Never paste a key that holds anything.
          </p>
          <label>
            Private key
            <input type="password" autoComplete="off" spellcheck={false} value={key.value} onInput={(event) => (key.value = event.currentTarget.value)} />
          </label>
          <button type="submit">Use this key</button>
        </form>
      )}
      {trouble.value && <Notice tone="bad">{trouble.value}</Notice>}
    </Dialog>
  );
}
