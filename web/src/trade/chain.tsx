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
                <td colSpan={4} class="far" />
                <td />
                <td colSpan={4} class="far" />
                <th colSpan={2} class="puts" scope="colgroup">Puts</th>
              </tr>
              <tr>
                <Heads side="call" />
                <th scope="col" class="strike">Strike <small>IV</small></th>
                <Heads side="put" />
              </tr>
            </thead>
            <tbody>
              {strikes.map((strike) => (
                <tr key={String(strike)} class={strike === middle ? "middle" : ""}>
                  <Side quote={optionOf("call", strike)} isCall />
                  <th scope="row" class="strike">
                    {format(strike)}
                    <small>
                      <Volatility strike={strike} isMiddle={strike === middle} />
                    </small>
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

/** Of the option out of the money, which says it best; the other one's is the same by parity. */
function Volatility({ strike, isMiddle }: { strike: bigint; isMiddle: boolean }) {
  const { volatility } = optionOf(strike < spotMicros.value ? "put" : "call", strike) ?? {};
  const text = volatility === undefined ? "" : `${formatNumber(volatility * 100, 1)}%`;
  return <span title={`${isMiddle ? "At the money; " : ""}implied volatility of the mark`}>{isMiddle ? `ATM ${text}` : text}</span>;
}

function optionOf(kind: "call" | "put", strikeMicros: bigint): Quote | undefined {
  const terms = { underlying: underlying.value, kind, expirySeconds: expirySeconds.value, strikeMicros };
  return quoteOf(market.value, terms);
}

/** What stands in the columns; those that are far leave a narrow screen. */
const HEADS = [
  ["Trade", "", false],
  ["Open", "Open interest", true],
  ["Δ", "Delta", true],
  ["Bid", "The best price of whoever waits to buy this alone", true],
  ["Mark", "The oracle’s", false],
  ["Ask", "The best price of whoever waits to sell this alone", true],
] as const;

/** Prices keep their order on both sides of the strikes; what stands outside of them is mirrored. */
function inward<T>(columns: readonly T[], isCall: boolean): readonly T[] {
  const [outer, prices] = [columns.slice(0, -3), columns.slice(-3)];
  return isCall ? columns : [...prices, ...outer.reverse()];
}

function Heads({ side }: { side: "call" | "put" }) {
  const order = inward(HEADS, side === "call");
  return (
    <>
      {order.map(([name, title, isFar]) => (
        <th key={name} scope="col" title={title} class={isFar ? "far" : ""}>
          {name}
        </th>
      ))}
    </>
  );
}

function Side({ quote, isCall }: { quote: Quote | undefined; isCall?: boolean }) {
  if (!quote) return <td colSpan={HEADS.length} />;
  const { instrument, markMicros, volatility, greeks, openInterestMicros } = quote;
  const isKnown = volatility !== undefined;
  const cells = [
    <td key="trade" class="sides">
      <button type="button" class="side buy" aria-label={`Buy ${quote.name}`} onClick={() => addLeg({ instrument, ratio: 1 })}>+</button>
      <button type="button" class="side sell" aria-label={`Sell ${quote.name}`} onClick={() => addLeg({ instrument, ratio: -1 })}>−</button>
    </td>,
    <td key="open" class="minor far">{openInterestMicros ? format(openInterestMicros, { places: 1 }) : "–"}</td>,
    <td key="delta" class="minor far">{isKnown ? formatNumber(greeks.delta, 2, true) : "–"}</td>,
    <td key="bid" class="bid far">{price(quote.bidMicros)}</td>,
    <td key="mark" class="mark">{price(markMicros)}</td>,
    <td key="ask" class="ask far">{price(quote.askMicros)}</td>,
  ];
  return <>{inward(cells, isCall === true)}</>;
}

const price = (micros: bigint | undefined) => (micros === undefined ? "–" : format(micros, { places: 2 }));

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
