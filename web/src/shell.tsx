/** The frame of every page: where one is, who one is, and whether all is well. */
import { useSignal } from "@preact/signals";
import { short } from "./core/words.ts";
import { isDevnet } from "./core/trust.ts";
import { ExplorePage } from "./explore/page.tsx";
import { FollowPage } from "./follow/page.tsx";
import { marketTrouble } from "./state/market.ts";
import { acceptMove, distrust, domain, isMoved } from "./state/relays.ts";
import { PAGES, page } from "./state/route.ts";
import { signer, signIn, streamState } from "./state/session.ts";
import { TradePage } from "./trade/page.tsx";
import { Notice } from "./ui/parts.tsx";
import { Connect } from "./wallet/connect.tsx";

const TITLES = { trade: "Trade", follow: "Follow", explore: "Explorer" };
const STATES = { connecting: "connecting", live: "live", lost: "connection lost, trying again" };

export function Shell() {
  const isConnecting = useSignal(false);
  return (
    <>
      <a class="skip" href="#main">Skip to the content</a>
      <header class="top">
        <span class="brand"><i aria-hidden="true" />Offbeat</span>
        <nav aria-label="Pages">
          {PAGES.map((each) => (
            <a key={each} href={`#/${each}`} aria-current={page.value === each ? "page" : undefined}>{TITLES[each]}</a>
          ))}
        </nav>
        <span class={`live ${streamState.value}`} role="status">{STATES[streamState.value]}</span>
        {signer.value ? (
          <span class="who">
            <span title={signer.value.address}>{signer.value.label} <code>{short(signer.value.address)}</code></span>
            <button type="button" class="quiet" onClick={() => void signIn(undefined)}>Leave</button>
          </span>
        ) : (
          <button type="button" class="primary" onClick={() => (isConnecting.value = true)}>Connect</button>
        )}
      </header>
      <main id="main" tabIndex={-1}>
        <h1 class="hidden">{TITLES[page.value]}</h1>
        <Warnings />
        {page.value === "trade" && <TradePage />}
        {page.value === "follow" && <FollowPage />}
        {page.value === "explore" && <ExplorePage />}
      </main>
      {isConnecting.value && <Connect onClose={() => (isConnecting.value = false)} />}
    </>
  );
}

function Warnings() {
  return (
    <>
      {distrust.value && <Notice tone="bad"><strong>This relay is not to be trusted.</strong> {distrust.value} Nothing can be signed here.</Notice>}
      {isMoved.value && domain.value && (
        <Notice tone="bad">
          <strong>This relay settles on another contract than before:</strong> <code>{domain.value.verifyingContract}</code> on chain {domain.value.chainId}.
          Sign only if you know why.
          <button type="button" onClick={acceptMove}>I know why</button>
        </Notice>
      )}
      {marketTrouble.value && <Notice>{marketTrouble.value}</Notice>}
      {signer.value && !signer.value.provider && domain.value && isDevnet(domain.value) && (
        <Notice><strong>Throw-away devnet key.</strong> This page holds it in memory and signs without asking. Never use it where money is.</Notice>
      )}
    </>
  );
}
