/** Every intent of the account that this browser knows, the latest first. */
import { useSignal } from "@preact/signals";
import { whole } from "../api/types.ts";
import { format } from "../core/amounts.ts";
import { instrumentId, nameOf, type Instrument, type Kind } from "../core/instruments.ts";
import { cancelMessage } from "../core/intents.ts";
import { moment, short } from "../core/words.ts";
import { nowSeconds } from "../state/market.ts";
import { own } from "../state/relays.ts";
import { chosen } from "../state/route.ts";
import { intents, signAndSend, signer, type Followed } from "../state/session.ts";
import { explain, Told } from "../trade/review.tsx";
import { Empty, Section, Signed } from "../ui/parts.tsx";
import { SaveCsv } from "./csv.tsx";
import { isOver, Reason, Timeline } from "./timeline.tsx";

const CANCEL_LIFE_SECONDS = 3_600;
const CANCEL_FEE_MICROS = 1_000_000n;

export function Intents() {
  const all = [...intents.value.values()].sort((first, second) => Number(whole(second.view.received_seconds) - whole(first.view.received_seconds)) || Number(whole(second.view.cursor) - whole(first.view.cursor)));
  const open = all.filter((each) => !isOver(each.view.status));
  const over = all.filter((each) => isOver(each.view.status));
  return (
    <>
      <Section title="Open intents" aside={<span class="count">{open.length}</span>}>
        {open.length === 0 && <Empty>Nothing is on its way.</Empty>}
        {open.map((each) => (
          <Intent key={each.view.intent_hash} intent={each} />
        ))}
      </Section>
      {over.length > 0 && (
        <Section title="Done" aside={<SaveCsv name="trades" columns={COLUMNS} rows={over.map(cells)} />}>
          {over.map((each) => (
            <Intent key={each.view.intent_hash} intent={each} />
          ))}
        </Section>
      )}
    </>
  );
}

const COLUMNS = ["received", "intent", "what", "status", "reason", "filled", "cash", "fee", "batch"];

/** An intent as a row of a file; cash is signed as the account sees it. */
function cells({ view }: Followed): string[] {
  return [
    new Date(Number(whole(view.received_seconds)) * 1000).toISOString(),
    view.intent_hash,
    summary(view),
    view.status,
    view.reason,
    format(whole(view.filled_micros)),
    format(-whole(view.paid_micros)),
    format(whole(view.fee_micros)),
    view.batch_hash ?? "",
  ];
}

interface SaidLeg {
  instrument?: { underlying?: string; kind?: string; expiry?: string; strike?: string };
  ratio?: string;
}

/** What an intent says, from its signed message; a message that makes no sense is called so. */
export function summary(view: Followed["view"]): string {
  if (view.kind !== "Order") return view.kind === "Cancel" ? "Cancellation" : view.kind;
  try {
    return (view.message as unknown as { legs: SaidLeg[] }).legs
      .map(({ instrument = {}, ratio }) => {
        const terms: Instrument = {
          underlying: String(instrument.underlying),
          kind: String(instrument.kind) as Kind,
          expirySeconds: Number(whole(instrument.expiry)),
          strikeMicros: whole(instrument.strike),
        };
        instrumentId(terms);
        const size = whole(ratio);
        return `${size > 0n ? "+" : "−"}${size > 0n ? size : -size} ${nameOf(terms)}`;
      })
      .join("   ");
  } catch {
    return "An order that this page cannot read";
  }
}

function Intent({ intent }: { intent: Followed }) {
  const { view } = intent;
  const cash = own.value.cashSymbol;
  const message = view.message as { quantity?: unknown; nonce?: unknown; validUntil?: unknown };
  const paid = whole(view.paid_micros);
  const isFilled = whole(view.filled_micros) !== 0n;
  return (
    <article class={`intent ${chosen.value === view.intent_hash ? "chosen" : ""}`} aria-label={`Intent ${short(view.intent_hash)}`} data-hash={view.intent_hash} data-status={view.status}>
      <header>
        <strong>{summary(view)}</strong>
        <code title={view.intent_hash}>{short(view.intent_hash)}</code>
      </header>
      <Timeline intent={intent} />
      <Reason intent={intent} />
      <p class="line">
        {view.kind === "Order" && (
          <span>
            filled <span class="number">{format(whole(view.filled_micros))}</span> of{" "}
            <span class="number">{typeof message.quantity === "string" ? format(whole(message.quantity)) : "?"}</span>
          </span>
        )}
        {isFilled && <span>cash <Signed amount={-paid} unit={cash} /></span>}
        <span>fee <span class="number">{format(whole(view.fee_micros), { places: 2 })}</span></span>
        <span class="muted">{moment(Number(whole(view.received_seconds)))}</span>
      </p>
      {view.kind === "Order" && !isOver(view.status) && view.status !== "cancel_pending" && view.status !== "settled" && (
        <CancelButton nonce={whole(message.nonce)} />
      )}
    </article>
  );
}

function CancelButton({ nonce }: { nonce: bigint }) {
  const isBusy = useSignal(false);
  const outcome = useSignal<ReturnType<typeof explain> | undefined>(undefined);
  const cancel = async () => {
    const who = signer.value;
    if (!who) return;
    isBusy.value = true;
    try {
      const message = cancelMessage({
        owner: who.address,
        account: 0,
        nonce,
        validUntilSeconds: nowSeconds.value + CANCEL_LIFE_SECONDS,
        maxFeeMicros: CANCEL_FEE_MICROS,
      });
      await signAndSend("Cancel", message);
      outcome.value = { tone: "info", text: "The cancellation is on its way." };
    } catch (error) {
      outcome.value = explain(error);
    }
    isBusy.value = false;
  };
  return (
    <div class="line">
      <button type="button" onClick={cancel} disabled={isBusy.value}>
        {isBusy.value ? "Waiting for your signature…" : "Cancel"}
      </button>
      <div aria-live="polite">{outcome.value && <Told outcome={outcome.value} />}</div>
    </div>
  );
}
