/** Batches, the latest first: what they did, at which prices, and what it took. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { BatchView } from "../api/types.ts";
import { whole } from "../api/types.ts";
import { format, formatNumber } from "../core/amounts.ts";
import { fromId, nameOf } from "../core/instruments.ts";
import { moment, short, words } from "../core/words.ts";
import { own } from "../state/relays.ts";
import { addBatches, batches } from "../state/session.ts";
import { Empty, Fact, Scroller, Section } from "../ui/parts.tsx";

const PAGE = 20;
/** What an order takes whose batch holds nothing but its two sides: `docs/gas.md`. */
const ALONE_GAS = 104_553n;

export function BatchTable() {
  const trouble = useSignal("");
  const open = useSignal(0);
  const read = async (highest?: number) => {
    try {
      addBatches(await own.value.relay.batches(`?limit=${PAGE}${highest ? `&highest=${highest}` : ""}`));
      trouble.value = "";
    } catch {
      trouble.value = "The relay cannot list its batches now.";
    }
  };
  useEffect(() => void read(), []);
  const rows = [...batches.value.values()];
  const lowest = Math.min(...batches.value.keys());
  return (
    <Section title="Batches" aside={<span class="count">{rows.length}</span>}>
      {trouble.value && <p class="loss">{trouble.value}</p>}
      <Concentration views={rows} />
      {rows.length === 0 ? (
        <Empty>No batch has been built yet.</Empty>
      ) : (
        <Scroller label="Batches">
          <table>
            <thead>
              <tr>
                <th scope="col">Batch</th>
                <th scope="col">Status</th>
                <th scope="col" class="far">Time</th>
                <th scope="col">Intents</th>
                <th scope="col">Gas</th>
                <th scope="col" title="Against an order whose batch holds only its two sides: 104,553">Gas each</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((view) => (
                <Row key={view.batch_hash} view={view} isOpen={open.value === Number(view.number)} onToggle={() => (open.value = open.value === Number(view.number) ? 0 : Number(view.number))} />
              ))}
            </tbody>
          </table>
        </Scroller>
      )}
      {lowest > 1 && Number.isFinite(lowest) && (
        <button type="button" onClick={() => read(lowest - 1)}>Earlier batches</button>
      )}
    </Section>
  );
}

/** Who landed the batches that are shown: the fewest who landed half, and the sum of squared shares. */
function Concentration({ views }: { views: readonly BatchView[] }) {
  const landed = views.filter((view) => view.lander !== null);
  if (landed.length === 0) return null;
  const counts = new Map<string, number>();
  for (const { lander } of landed) counts.set(lander ?? "", (counts.get(lander ?? "") ?? 0) + 1);
  const shares = [...counts.values()].map((count) => count / landed.length).sort((first, second) => second - first);
  let sum = 0;
  const nakamoto = shares.findIndex((share) => (sum += share) > 0.5) + 1;
  const orders = views.reduce((total, view) => total + view.intents.length, 0);
  return (
    <dl class="facts">
      <Fact label="Intents carried">{orders}</Fact>
      <Fact label="Keys that landed them">{shares.length}</Fact>
      <Fact label="Nakamoto coefficient" hint="The fewest keys that landed more than half of these batches">{nakamoto}</Fact>
      <Fact label="Herfindahl index" hint="1 where one key lands everything">{formatNumber(shares.reduce((total, share) => total + share * share, 0), 2)}</Fact>
    </dl>
  );
}

function Row({ view, isOpen, onToggle }: { view: BatchView; isOpen: boolean; onToggle(): void }) {
  const gas = view.gas_used === null ? undefined : whole(view.gas_used);
  const count = BigInt(view.intents.length);
  return (
    <>
      <tr class={isOpen ? "open" : ""}>
        <th scope="row">
          <button type="button" class="quiet" aria-expanded={isOpen} onClick={onToggle}>
            {Number(whole(view.number))}
          </button>
        </th>
        <td><span class={`status ${view.status}`}>{view.status}</span></td>
        <td class="minor far">{moment(Number(whole(view.time_seconds)))}</td>
        <td>{view.intents.length || "–"}</td>
        <td>{gas === undefined ? "–" : format(gas, { decimals: 0 })}</td>
        <td>{gas === undefined || !count ? "–" : <Each gas={gas / count} />}</td>
      </tr>
      {isOpen && (
        <tr class="details">
          <td colSpan={6}><Details view={view} /></td>
        </tr>
      )}
    </>
  );
}

function Each({ gas }: { gas: bigint }) {
  const percent = Number((gas * 100n) / ALONE_GAS) - 100;
  return (
    <>
      {format(gas, { decimals: 0 })} <small class="muted">{percent < 0 ? `−${-percent}%` : `+${percent}%`}</small>
    </>
  );
}

function Details({ view }: { view: BatchView }) {
  const prices = Object.entries(view.prices_nanos);
  return (
    <div class="details">
      {view.reason && <p class="loss"><code>{view.reason}</code> {words(view.reason)}</p>}
      <dl class="pairs">
        <dt>Time</dt><dd>{moment(Number(whole(view.time_seconds)))}</dd>
        <dt>Hash</dt><dd><code>{view.batch_hash}</code></dd>
        <dt>Parent</dt><dd><code>{view.parent_hash}</code></dd>
        <dt>Transaction</dt><dd><code>{view.transaction_hash ?? "not landed"}</code></dd>
        <dt>Landed by</dt><dd><code>{view.lander ?? "unknown here"}</code></dd>
        <dt>May land until</dt><dd>{moment(Number(whole(view.not_after_seconds)))}</dd>
        <dt>Fees</dt><dd>{view.fees_micros === null ? "–" : format(whole(view.fees_micros), { places: 2 })}</dd>
      </dl>
      {prices.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">Instrument</th>
              <th scope="col">Clearing price</th>
            </tr>
          </thead>
          <tbody>
            {prices.map(([id, nanos]) => {
              const instrument = fromId(BigInt(id));
              return (
                <tr key={id}>
                  <th scope="row">{instrument ? nameOf(instrument) : "unknown"}</th>
                  <td>{format(whole(nanos), { decimals: 9 })}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
      {view.intents.length > 0 && <p class="muted">Intents: {view.intents.map((each) => <code key={each}>{short(each)} </code>)}</p>}
    </div>
  );
}
