/** The option chain of one expiry: calls | strike | puts. */
import { format, formatNumber } from "../core/amounts.ts";
import { market, nowSeconds } from "../state/market.ts";
import { addLeg, expiries, expirySeconds, spotMicros, strikesOf, symbols, underlying } from "../state/ticket.ts";
import { quoteOf, type Quote } from "../core/market.ts";
import { nearest } from "../core/strategies.ts";
import { Empty, Scroller, Section } from "../ui/parts.tsx";
import { day, span } from "../core/words.ts";

export function Chain() {
  const strikes = strikesOf(expirySeconds.value);
  const middle = strikes[nearest(strikes, Number(spotMicros.value) / 1e6)];
  return (
    <Section title="Option chain" aside={<Spot />} class="chain">
      <Expiries />
      {strikes.length === 0 ? (
        <Empty>No options are listed yet. They come with the first oracle report.</Empty>
      ) : (
        <Scroller label="Option chain">
          <table>
            <thead>
              <tr>
                <th colSpan={2} class="calls" scope="colgroup">Calls</th>
                <td colSpan={3} class="far" />
                <td />
                <td colSpan={3} class="far" />
                <th colSpan={2} class="puts" scope="colgroup">Puts</th>
              </tr>
              <tr>
                <Heads side="call" />
                <th scope="col" class="strike">Strike</th>
                <Heads side="put" />
              </tr>
            </thead>
            <tbody>
              {strikes.map((strike) => (
                <tr key={String(strike)} class={strike === middle ? "middle" : ""}>
                  <Side quote={optionOf("call", strike)} isCall />
                  <th scope="row" class="strike">
                    {format(strike)}
                    {strike === middle && <small>at the money</small>}
                  </th>
                  <Side quote={optionOf("put", strike)} />
                </tr>
              ))}
            </tbody>
          </table>
        </Scroller>
      )}
    </Section>
  );
}

function optionOf(kind: "call" | "put", strikeMicros: bigint): Quote | undefined {
  const terms = { underlying: underlying.value, kind, expirySeconds: expirySeconds.value, strikeMicros };
  return quoteOf(market.value, terms);
}

function Heads({ side }: { side: "call" | "put" }) {
  const heads = ["Trade", "Open", "Δ", "IV", "Mark"];
  const titles = ["", "Open interest", "Delta", "Implied volatility", "Mark of the oracle"];
  const order = side === "call" ? [0, 1, 2, 3, 4] : [4, 3, 2, 1, 0];
  return (
    <>
      {order.map((at) => (
        <th key={at} scope="col" title={titles[at]} class={at > 0 && at < 4 ? "far" : ""}>
          {heads[at]}
        </th>
      ))}
    </>
  );
}

function Side({ quote, isCall }: { quote: Quote | undefined; isCall?: boolean }) {
  if (!quote) return <td colSpan={5} />;
  const { instrument, markMicros, volatility, greeks, openInterestMicros } = quote;
  const isKnown = volatility !== undefined;
  const cells = [
    <td key="trade" class="sides">
      <button type="button" class="side buy" aria-label={`Buy ${quote.name}`} onClick={() => addLeg({ instrument, ratio: 1 })}>+</button>
      <button type="button" class="side sell" aria-label={`Sell ${quote.name}`} onClick={() => addLeg({ instrument, ratio: -1 })}>−</button>
    </td>,
    <td key="open" class="minor far">{openInterestMicros ? format(openInterestMicros, { places: 1 }) : "–"}</td>,
    <td key="delta" class="minor far">{isKnown ? formatNumber(greeks.delta, 2, true) : "–"}</td>,
    <td key="iv" class="minor far">{isKnown ? `${formatNumber(volatility * 100, 1)}%` : "–"}</td>,
    <td key="mark" class="mark">{markMicros === undefined ? "–" : format(markMicros, { places: 2 })}</td>,
  ];
  return <>{isCall ? cells : cells.reverse()}</>;
}

function Spot() {
  return (
    <p class="spot">
      {symbols.value.length > 1 ? (
        <select aria-label="Underlying" value={underlying.value} onChange={(event) => (underlying.value = event.currentTarget.value)}>
          {symbols.value.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      ) : (
        <span>{underlying.value}</span>
      )}{" "}
      <strong class="number">{format(spotMicros.value, { places: 2 })}</strong>
    </p>
  );
}

function Expiries() {
  return (
    <div class="choices" role="group" aria-label="Expiry">
      {expiries.value.map((each) => (
        <button
          key={each}
          type="button"
          aria-pressed={each === expirySeconds.value}
          onClick={() => (expirySeconds.value = each)}
        >
          {day(each)} <small>{span(each - nowSeconds.value).split(" ").slice(0, 2).join(" ")}</small>
        </button>
      ))}
    </div>
  );
}
