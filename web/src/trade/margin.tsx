/** Margin before and after, as the relay simulates it. */
import { useSignal, useSignalEffect } from "@preact/signals";
import type { Health, MarginView } from "../api/types.ts";
import { whole } from "../api/types.ts";
import { format } from "../core/amounts.ts";
import { Problem } from "../api/relay.ts";
import { words } from "../core/words.ts";
import { accountId } from "../state/session.ts";
import { own } from "../state/relays.ts";
import { message } from "../state/ticket.ts";

const PAUSE_MS = 250;
const PICO = 12;

export function Margin() {
  const found = useSignal<MarginView | undefined>(undefined);
  const trouble = useSignal("");
  const asked = useSignal("");
  useSignalEffect(() => {
    const [order, id] = [message.value, accountId.value];
    // The time moves on by itself; what it says of margin does not.
    const key = order ? JSON.stringify({ ...order, validUntil: "" }) + id : "";
    if (key === asked.peek()) return;
    asked.value = key;
    if (!order || !id) return;
    const { relay } = own.peek();
    setTimeout(async () => {
      if (asked.peek() !== key) return;
      try {
        const answer = await relay.margin(id, order);
        if (asked.peek() === key) [found.value, trouble.value] = [answer, ""];
      } catch (error) {
        if (asked.peek() === key) trouble.value = error instanceof Problem ? words(error.code) : "The answer makes no sense.";
      }
    }, PAUSE_MS);
  });
  if (!accountId.value) return <p class="muted">Connect to see your margin before and after.</p>;
  if (trouble.value) return <p class="loss">{trouble.value}</p>;
  if (!found.value) return <p class="muted">Margin appears with a complete order.</p>;
  const { before, after, cash_after_micros } = found.value;
  return (
    <table class="margin" aria-label="Margin before and after">
      <thead>
        <tr>
          <td />
          <th scope="col">Before</th>
          <th scope="col">After</th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">Margin</th>
          <td><Verdict health={before} /></td>
          <td><Verdict health={after} /></td>
        </tr>
        <tr>
          <th scope="row">Survives every price</th>
          <td><Test passes={before.static_passes} deficit={before.static_deficit} /></td>
          <td><Test passes={after.static_passes} deficit={after.static_deficit} /></td>
        </tr>
        <tr>
          <th scope="row">Survives 16 scenarios</th>
          <td><Test passes={before.scan_passes} deficit={before.scan_deficit} /></td>
          <td><Test passes={after.scan_passes} deficit={after.scan_deficit} /></td>
        </tr>
        <tr>
          <th scope="row">Cash after, at the limit</th>
          <td />
          <td class="number">{format(whole(cash_after_micros), { places: 2 })}</td>
        </tr>
      </tbody>
    </table>
  );
}

const isHealthy = (health: Health) => health.static_passes || health.scan_passes === true;

function Verdict({ health }: { health: Health }) {
  return isHealthy(health) ? <strong class="gain">✓ enough</strong> : <strong class="loss">✗ too little</strong>;
}

function Test({ passes, deficit }: { passes: boolean | null; deficit: string | null }) {
  if (passes) return <span>✓ yes</span>;
  if (passes === null) return <span class="muted">not priced</span>;
  return <span>{deficit === null ? "✗ no bound" : `✗ short ${format(whole(deficit), { places: 2, decimals: PICO })}`}</span>;
}
