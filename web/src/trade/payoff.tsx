/** What the strategy gains and loses: a chart, its table twin, and the figures. */
import { useSignal } from "@preact/signals";
import { format, formatNumber, toNumber } from "../core/amounts.ts";
import { valueAt } from "../core/market.ts";
import { payoff } from "../core/payoff.ts";
import { day, span } from "../core/words.ts";
import { market, nowSeconds } from "../state/market.ts";
import * as ticket from "../state/ticket.ts";
import { Chart } from "../ui/chart.tsx";
import { Empty, Fact, Scroller, Section, Signed } from "../ui/parts.tsx";

const POINTS = 121;
const TABLE_STEP = 10;

interface Curve {
  x: number[];
  atExpiry: number[];
  before: number[];
}

/** Gains of the whole order over spot, in quote currency. */
function curve(): Curve {
  const legs = ticket.legs.value;
  const quantity = toNumber(ticket.quantityMicros.value ?? 0n);
  const paid = toNumber(ticket.limitMicros.value ?? 0n);
  const strikes = legs.filter((leg) => leg.instrument.kind !== "spot").map((leg) => toNumber(leg.instrument.strikeMicros));
  const spot = toNumber(ticket.spotMicros.value);
  const low = Math.min(spot, ...strikes);
  const high = Math.max(spot, ...strikes);
  const margin = Math.max(high - low, spot * 0.2) * 0.35;
  const from = Math.max(0, low - margin);
  const step = (high + margin - from) / (POINTS - 1);
  // Corners are points of their own, or the lines would cut them off.
  const grid = Array.from({ length: POINTS }, (_, at) => from + at * step);
  const x = [...new Set([...grid, ...strikes])].sort((first, second) => first - second);
  const moment = nowSeconds.value + ticket.aheadSeconds.value;
  const gain = (value: number) => (value - paid) * quantity;
  const end = (price: number) =>
    ticket.isOneExpiry.value
      ? toNumber(payoff(legs, BigInt(Math.round(price * 1e6))))
      : valueAt(market.value, legs, price, ticket.horizonSeconds.value, ticket.volatilityShift.value);
  return {
    x,
    atExpiry: x.map((price) => gain(end(price))),
    before: x.map((price) => gain(valueAt(market.value, legs, price, moment, ticket.volatilityShift.value))),
  };
}

export function Payoff() {
  const isTable = useSignal(false);
  if (ticket.legs.value.length === 0 || ticket.limitMicros.value === undefined)
    return (
      <Section title="Payoff">
        <Empty>The payoff of your strategy appears here.</Empty>
      </Section>
    );
  const drawn = curve();
  const toggle = (
    <button type="button" class="quiet" aria-pressed={isTable.value} onClick={() => (isTable.value = !isTable.value)}>
      {isTable.value ? "Show as chart" : "Show as table"}
    </button>
  );
  return (
    <Section title="Payoff" aside={toggle}>
      {isTable.value ? <Twin {...drawn} /> : <Picture {...drawn} />}
      <Sliders />
    </Section>
  );
}

const dollars = (value: number) => formatNumber(value, Math.abs(value) < 100 ? 2 : 0);

function Picture({ x, atExpiry, before }: Curve) {
  const spot = toNumber(ticket.spotMicros.value);
  const evens = ticket.outcome.value?.breakEvens.map((each) => toNumber(each)) ?? [];
  return (
    <>
      <p class="legend">
        <span class="key ink">At expiry</span>
        <span class="key warm">{ticket.aheadSeconds.value ? `In ${span(ticket.aheadSeconds.value)}` : "Now"}</span>
      </p>
      <Chart
        label={`Profit and loss over the price of ${ticket.underlying.value}; the same as a table under “Show as table”`}
        x={x}
        zero
        lines={[
          { label: "Now", values: before, tone: "warm", dashed: true },
          { label: "At expiry", values: atExpiry, tone: "ink" },
        ]}
        marks={[
          { at: spot, label: `spot ${dollars(spot)}` },
          ...evens.map((at) => ({ at, label: `break-even ${dollars(at)}` })),
        ]}
        formatX={dollars}
        formatY={dollars}
      />
    </>
  );
}

function Twin({ x, atExpiry, before }: Curve) {
  return (
    <Scroller label="Payoff as a table">
      <table>
        <thead>
          <tr>
            <th scope="col">{ticket.underlying.value} at</th>
            <th scope="col">{ticket.aheadSeconds.value ? `In ${span(ticket.aheadSeconds.value)}` : "Now"}</th>
            <th scope="col">At expiry</th>
          </tr>
        </thead>
        <tbody>
          {x.map((price, at) =>
            at % TABLE_STEP ? null : (
              <tr key={price}>
                <th scope="row">{formatNumber(price)}</th>
                <td>{formatNumber(before[at] ?? 0, 2, true)}</td>
                <td>{formatNumber(atExpiry[at] ?? 0, 2, true)}</td>
              </tr>
            ),
          )}
        </tbody>
      </table>
    </Scroller>
  );
}

function Sliders() {
  const left = Math.max(0, ticket.horizonSeconds.value - nowSeconds.value);
  if (!Number.isFinite(left)) return null;
  return (
    <div class="sliders">
      <label>
        <span>Date <output>{ticket.aheadSeconds.value ? day(nowSeconds.value + ticket.aheadSeconds.value) : "now"}</output></span>
        <input
          type="range" min="0" max={left} step={Math.max(1, Math.floor(left / 60))} value={ticket.aheadSeconds.value}
          onInput={(event) => (ticket.aheadSeconds.value = Number(event.currentTarget.value))}
        />
      </label>
      <label>
        <span>Volatility <output>{formatNumber(ticket.volatilityShift.value * 100, 0, true) || "0"} pts</output></span>
        <input
          type="range" min="-30" max="30" step="1" value={ticket.volatilityShift.value * 100}
          onInput={(event) => (ticket.volatilityShift.value = Number(event.currentTarget.value) / 100)}
        />
      </label>
    </div>
  );
}

export function Figures() {
  const outcome = ticket.outcome.value;
  const { limitMicros, quantityMicros, chance, sensitivities } = ticket;
  if (ticket.legs.value.length === 0 || limitMicros.value === undefined || quantityMicros.value === undefined) return null;
  const total = -(limitMicros.value * quantityMicros.value) / 1_000_000n;
  const size = toNumber(quantityMicros.value);
  const greek = (value: number, places: number) => formatNumber(value * size, places, true);
  const { delta, gamma, vega, theta } = sensitivities.value;
  return (
    <dl class="facts" aria-label="Figures of the order">
      <Fact label={total < 0n ? "Net debit" : "Net credit"}><Signed amount={total} /></Fact>
      {outcome && (
        <>
          <Fact label="Maximum profit">{outcome.best === undefined ? <span class="gain">+ unlimited</span> : <Signed amount={outcome.best} />}</Fact>
          <Fact label="Maximum loss">{outcome.worst === undefined ? <span class="loss">− unlimited</span> : <Signed amount={outcome.worst} />}</Fact>
          <Fact label="Break-even">
            <span class="number evens">
              {outcome.breakEvens.length ? outcome.breakEvens.map((each) => <span key={String(each)}>{format(each, { places: 2 })}</span>) : "none"}
            </span>
          </Fact>
        </>
      )}
      {chance.value !== undefined && (
        <Fact label="Chance of profit" hint="As the market prices it: risk-neutral, at expiry">{formatNumber(chance.value * 100, 0)}%</Fact>
      )}
      <Fact label="Delta" hint={`Per 1 of ${ticket.underlying.value}`}>{greek(delta, 3)}</Fact>
      <Fact label="Gamma">{greek(gamma, 5)}</Fact>
      <Fact label="Vega" hint="Per percentage point of volatility">{greek(vega, 2)}</Fact>
      <Fact label="Theta" hint="Per day">{greek(theta, 2)}</Fact>
    </dl>
  );
}
