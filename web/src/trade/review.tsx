/** What is about to be signed, in the wallet's words, and the button that asks for it. */
import { useSignal } from "@preact/signals";
import { Problem } from "../api/relay.ts";
import { format } from "../core/amounts.ts";
import { nameOf } from "../core/instruments.ts";
import { Distrust } from "../core/trust.ts";
import { moment, short, words } from "../core/words.ts";
import { go } from "../state/route.ts";
import { distrust, domain, isMoved, own, relays, usable } from "../state/relays.ts";
import { signAndSend, signer, type Delivery } from "../state/session.ts";
import * as ticket from "../state/ticket.ts";
import { Refusal } from "../wallet/signer.ts";
import { Notice, Section } from "../ui/parts.tsx";
import { Margin } from "./margin.tsx";
import { Figures } from "./payoff.tsx";

type Step = "idle" | "signing" | "sending";
interface Outcome {
  tone: "good" | "bad" | "info";
  text: string;
  code?: string;
  hash?: string;
  deliveries?: Delivery[];
}

export function Review() {
  const step = useSignal<Step>("idle");
  const outcome = useSignal<Outcome | undefined>(undefined);
  const order = ticket.message.value;
  const isReady = order !== undefined && !distrust.value && !isMoved.value && step.value === "idle";
  const sign = async () => {
    if (!order) return;
    outcome.value = undefined;
    step.value = "signing";
    try {
      const { hash, deliveries } = await signAndSend("Order", order, () => (step.value = "sending"));
      outcome.value = { tone: "good", text: "Signed and acknowledged.", hash, deliveries };
    } catch (error) {
      outcome.value = explain(error);
    }
    step.value = "idle";
  };
  return (
    <Section title="Review and sign">
      <Figures />
      <Margin />
      {ticket.legs.value.length > 0 && <Shown />}
      {ticket.legs.value.length > 0 &&
        ticket.faults.value.map((fault) => (
          <p key={fault} class="fault">{fault}</p>
        ))}
      <button type="button" class="primary" disabled={!isReady} onClick={sign}>
        {label(step.value)}
      </button>
      <div aria-live="polite">{outcome.value && <Told outcome={outcome.value} />}</div>
    </Section>
  );
}

function label(step: Step): string {
  if (step === "signing") return signer.value?.provider ? "Waiting for your wallet…" : "Signing…";
  if (step === "sending") return "Sending…";
  if (!signer.value) return "Connect a wallet to sign";
  const count = usable.value.length;
  return count > 1 ? `Sign, and send to ${count} relays` : "Sign and send";
}

export function explain(error: unknown): Outcome {
  if (error instanceof Refusal) return { tone: "info", text: error.message };
  if (error instanceof Distrust) return { tone: "bad", text: error.message, code: "not trusted" };
  if (error instanceof Problem) return { tone: "bad", text: `${words(error.code)} (${error.message})`, code: error.code };
  return { tone: "bad", text: "Something in this page went wrong. Nothing more is known." };
}

export function Told({ outcome }: { outcome: Outcome }) {
  const { tone, text, code, hash, deliveries } = outcome;
  const failed = deliveries?.filter((each) => each.problem) ?? [];
  return (
    <Notice tone={tone}>
      <p>
        {code && <code>{code}</code>} {text}
      </p>
      {hash && (
        <p>
          <a href="#/follow" onClick={() => go("follow", hash)}>
            Follow {short(hash)}
          </a>
        </p>
      )}
      {failed.map((each) => (
        <p key={each.relay}>
          {each.relay}: {words(each.problem?.code ?? "")}
        </p>
      ))}
    </Notice>
  );
}

/** The message field by field, as a wallet lays it out, with its meaning beside. */
function Shown() {
  const order = ticket.message.value;
  const cash = own.value.cashSymbol;
  const { limitMicros, quantityMicros, feeMicros } = ticket;
  if (!order || limitMicros.value === undefined || quantityMicros.value === undefined || feeMicros.value === undefined) return null;
  const rows: [string, unknown, string][] = [
    ["owner", order.owner, "you"],
    ["quantity", order.quantity, `${format(quantityMicros.value)} units`],
    ["minFill", order.minFill, order.minFill === "0" ? "any part" : "all or nothing"],
    ["limit", order.limit, `${limitMicros.value < 0n ? "receive at least" : "pay at most"} ${format(limitMicros.value < 0n ? -limitMicros.value : limitMicros.value)} ${cash} per unit`],
    ["nonce", order.nonce, "runs once"],
    ["validUntil", order.validUntil, moment(ticket.validUntil.value)],
    ["maxFee", order.maxFee, `at most ${format(feeMicros.value)} ${cash}`],
    ["reduceOnly", String(order.reduceOnly), order.reduceOnly ? "only reduces" : "may open positions"],
    ["chainId", domain.value?.chainId, ""],
    ["verifyingContract", domain.value?.verifyingContract, "Offbeat settlement"],
  ];
  return (
    <details class="shown">
      <summary>What your wallet will show</summary>
      <table>
        <tbody>
          {ticket.legs.value.map((leg, at) => (
            <tr key={at}>
              <th scope="row">legs[{at}]</th>
              <td><code>{leg.ratio}</code></td>
              <td>{`${leg.ratio > 0 ? "buy" : "sell"} ${Math.abs(leg.ratio)} × ${nameOf(leg.instrument)}`}</td>
            </tr>
          ))}
          {rows.map(([name, value, meaning]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td><code>{String(value)}</code></td>
              <td>{meaning}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="muted">Sent to {relays.value.filter((each) => usable.value.includes(each)).map((each) => each.relay.name).join(", ")}.</p>
    </details>
  );
}
