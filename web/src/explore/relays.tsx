/** The relays in use: whether they answer, how fast, and whether they settle on the same contract. */
import { useSignal } from "@preact/signals";
import { addRelay, relays, removeRelay } from "../state/relays.ts";
import { Scroller, Section } from "../ui/parts.tsx";

export function Relays() {
  const text = useSignal("");
  const trouble = useSignal("");
  const add = async (event: Event) => {
    event.preventDefault();
    trouble.value = await addRelay(text.value);
    if (!trouble.value) text.value = "";
  };
  return (
    <Section title="Relays" aside={<span class="count">{relays.value.length}</span>}>
      <Scroller label="Relays in use">
      <table>
        <thead>
          <tr>
            <th scope="col">Relay</th>
            <th scope="col">State</th>
            <th scope="col">Answers in</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {relays.value.map((each, at) => (
            <tr key={each.relay.origin}>
              <th scope="row">{each.relay.name}{at === 0 && <small class="muted"> this page’s</small>}</th>
              <td>{each.trouble ? <span class="loss">✗ {each.trouble}</span> : each.domain ? <span class="gain">✓ in use</span> : "…"}</td>
              <td>{each.latencyMs === undefined ? "–" : `${each.latencyMs} ms`}</td>
              <td>{at > 0 && <button type="button" class="quiet" aria-label={`Remove ${each.relay.name}`} onClick={() => removeRelay(each)}>×</button>}</td>
            </tr>
          ))}
        </tbody>
      </table>
      </Scroller>
      <form class="line" onSubmit={add}>
        <input type="url" placeholder="https://relay.example" aria-label="Address of another relay" value={text.value} onInput={(event) => (text.value = event.currentTarget.value)} />
        <button type="submit">Add relay</button>
      </form>
      <p class="loss" aria-live="polite">{trouble.value}</p>
      <p class="muted">An order goes to all of them. It runs once, whoever carries it.</p>
    </Section>
  );
}
