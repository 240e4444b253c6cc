/** The oracle report: its age, and the volatility surface that its marks imply. */
import { useSignal } from "@preact/signals";
import { formatNumber, format, toNumber } from "../core/amounts.ts";
import { day, moment, span } from "../core/words.ts";
import { market, nowSeconds } from "../state/market.ts";
import { expiries, strikesOf, underlying } from "../state/ticket.ts";
import { Chart } from "../ui/chart.tsx";
import { Empty, Fact, Scroller, Section } from "../ui/parts.tsx";

const TONES = ["ink", "warm", "accent", "soft"] as const;

/** Volatility in percent by strike, one list for each expiry; the option out of the money says it. */
function smiles(strikes: readonly bigint[]) {
  const spot = market.value.spots.get(underlying.value) ?? 0n;
  return expiries.value.map((expiry) => ({
    expiry,
    values: strikes.map((strike) => {
      const kind = strike < spot ? "put" : "call";
      const found = [...market.value.quotes.values()].find(
        ({ instrument }) =>
          instrument.underlying === underlying.value && instrument.expirySeconds === expiry &&
          instrument.strikeMicros === strike && instrument.kind === kind,
      );
      return found?.volatility === undefined ? null : found.volatility * 100;
    }),
  }));
}

export function Oracle() {
  const isTable = useSignal(false);
  const { reportSeconds, spots } = market.value;
  if (reportSeconds === undefined)
    return (
      <Section title="Oracle">
        <Empty>No report yet.</Empty>
      </Section>
    );
  const strikes = [...new Set(expiries.value.flatMap(strikesOf))].sort((first, second) => (first < second ? -1 : 1));
  const found = smiles(strikes);
  return (
    <Section
      title="Oracle"
      aside={
        <button type="button" class="quiet" aria-pressed={isTable.value} onClick={() => (isTable.value = !isTable.value)}>
          {isTable.value ? "Show as chart" : "Show as table"}
        </button>
      }
    >
      <dl class="facts">
        <Fact label="Report" hint={moment(reportSeconds)}>{span(nowSeconds.value - reportSeconds)} old</Fact>
        {[...spots].map(([symbol, micros]) => (
          <Fact key={symbol} label={`${symbol} spot`}>{format(micros, { places: 2 })}</Fact>
        ))}
        <Fact label="Marks">{market.value.quotes.size}</Fact>
      </dl>
      {isTable.value ? (
        <Scroller label="Volatility surface">
          <table>
            <thead>
              <tr>
                <th scope="col">Strike</th>
                {found.map(({ expiry }) => <th key={expiry} scope="col">{day(expiry)}</th>)}
              </tr>
            </thead>
            <tbody>
              {strikes.map((strike, at) => (
                <tr key={String(strike)}>
                  <th scope="row">{format(strike)}</th>
                  {found.map(({ expiry, values }) => <td key={expiry}>{values[at] == null ? "–" : `${formatNumber(values[at], 1)}%`}</td>)}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroller>
      ) : (
        <>
          <p class="legend">
            {found.map(({ expiry }, at) => <span key={expiry} class={`key ${TONES[at % TONES.length]}`}>{day(expiry)}</span>)}
          </p>
          <Chart
            label="Implied volatility over the strike, for each expiry; the same as a table under “Show as table”"
            x={strikes.map((each) => toNumber(each))}
            lines={found.map(({ expiry, values }, at) => ({ label: day(expiry), values, tone: TONES[at % TONES.length] ?? "ink", points: true }))}
            marks={[{ at: toNumber(spots.get(underlying.value) ?? 0n), label: "spot" }]}
            formatY={(value) => `${formatNumber(value, 0)}%`}
            height={220}
          />
        </>
      )}
    </Section>
  );
}
