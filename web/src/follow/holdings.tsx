/** Balances and positions of the account, as the contract has committed to them. */
import { whole } from "../api/types.ts";
import { format, MICRO } from "../core/amounts.ts";
import { fromId, nameOf } from "../core/instruments.ts";
import { market } from "../state/market.ts";
import { account } from "../state/session.ts";
import { Empty, Scroller, Section, Signed } from "../ui/parts.tsx";
import { SaveCsv } from "./csv.tsx";

export function Balances() {
  const record = account.value;
  return (
    <Section title="Balances">
      {!record && <Empty>Reading your account…</Empty>}
      {record && (
        <Scroller label="Balances of the account">
        <table>
          <thead>
            <tr>
              <th scope="col">Asset</th>
              <th scope="col">Available</th>
              <th scope="col">Pending final</th>
            </tr>
          </thead>
          <tbody>
            {record.balances.map((each) => (
              <tr key={each.asset}>
                <th scope="row">{each.asset}</th>
                <td>{format(whole(each.available_micros), { places: 2 })}</td>
                <td><Signed amount={whole(each.pending_final_micros)} /></td>
              </tr>
            ))}
          </tbody>
        </table>
        </Scroller>
      )}
    </Section>
  );
}

interface Held {
  name: string;
  quantityMicros: bigint;
  markMicros: bigint | undefined;
}

function held(): Held[] {
  const positions = (account.value?.record as { positions?: { instrument_id: string; quantity_micros: string }[] })?.positions ?? [];
  return positions.map(({ instrument_id, quantity_micros }) => {
    const instrument = fromId(BigInt(instrument_id));
    return {
      name: instrument ? nameOf(instrument) : "unknown",
      quantityMicros: whole(quantity_micros),
      markMicros: market.value.quotes.get(instrument_id)?.markMicros,
    };
  });
}

export function Positions() {
  const rows = held();
  const columns = ["instrument", "quantity", "mark", "value"];
  const valueOf = (row: Held) => row.markMicros === undefined ? undefined : (row.quantityMicros * row.markMicros) / MICRO;
  const table = rows.map((row) => [
    row.name, format(row.quantityMicros), row.markMicros === undefined ? "" : format(row.markMicros), valueOf(row) === undefined ? "" : format(valueOf(row)!),
  ]);
  return (
    <Section title="Positions" aside={<SaveCsv name="positions" columns={columns} rows={table} />}>
      {rows.length === 0 ? (
        <Empty>No positions.</Empty>
      ) : (
        <Scroller label="Positions">
          <table>
            <thead>
              <tr>
                <th scope="col">Instrument</th>
                <th scope="col">Quantity</th>
                <th scope="col">Mark</th>
                <th scope="col">Value</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.name}>
                  <th scope="row">{row.name}</th>
                  <td>{format(row.quantityMicros, { signed: true })}</td>
                  <td>{row.markMicros === undefined ? "–" : format(row.markMicros, { places: 2 })}</td>
                  <td>{valueOf(row) === undefined ? "–" : <Signed amount={valueOf(row)!} />}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroller>
      )}
    </Section>
  );
}
