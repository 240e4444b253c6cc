/** The order form: a strategy, its legs, and the terms. */
import { abs, format, plainDecimal } from "../core/amounts.ts";
import { inOrder, nameOf, type Leg } from "../core/instruments.ts";
import { STRATEGIES, type StrategyName } from "../core/strategies.ts";
import { market } from "../state/market.ts";
import { own } from "../state/relays.ts";
import * as ticket from "../state/ticket.ts";
import { Empty, Section } from "../ui/parts.tsx";
import { shortDay } from "../core/words.ts";
import { quoteOf } from "../core/market.ts";

export function OrderForm() {
  return (
    <Section title="Strategy" aside={<Presets />}>
      {ticket.legs.value.length === 0 ? (
        <Empty>Choose a preset, or press + and − in the chain.</Empty>
      ) : (
        <ol class="legs">
          {ticket.legs.value.map((leg, at) => (
            <LegRow key={nameOf(leg.instrument)} leg={leg} at={at} />
          ))}
        </ol>
      )}
      <Terms />
    </Section>
  );
}

function Presets() {
  return (
    <select
      aria-label="Strategy preset"
      value={ticket.strategy.value}
      onChange={(event) => ticket.choose(event.currentTarget.value as StrategyName)}
    >
      <option value="" disabled>
        {ticket.legs.value.length ? "Custom" : "Choose…"}
      </option>
      {Object.keys(STRATEGIES).map((name) => (
        <option key={name}>{name}</option>
      ))}
    </select>
  );
}

const CENT = 10_000n;

function change(at: number, next: Leg | undefined): void {
  const legs = ticket.legs.value.flatMap((leg, place) => (place === at ? (next ?? []) : leg));
  ticket.setLegs(inOrder(legs));
}

function LegRow({ leg, at }: { leg: Leg; at: number }) {
  const { instrument, ratio } = leg;
  const name = nameOf(instrument);
  const mark = quoteOf(market.value, instrument)?.markMicros;
  return (
    <li class={ratio > 0 ? "bought" : "sold"}>
      <button
        type="button"
        class={`side ${ratio > 0 ? "buy" : "sell"}`}
        aria-label={`${ratio > 0 ? "Bought" : "Sold"}: turn ${name} around`}
        onClick={() => change(at, { instrument, ratio: -ratio })}
      >
        {ratio > 0 ? "+" : "−"}
      </button>
      <input
        class="ratio"
        type="number"
        min="1"
        max="1000"
        aria-label={`Ratio of ${name}`}
        value={Math.abs(ratio)}
        onChange={(event) => {
          const size = Math.trunc(Number(event.currentTarget.value));
          if (size > 0) change(at, { instrument, ratio: Math.sign(ratio) * size });
        }}
      />
      {instrument.kind === "spot" ? (
        <span class="what">{instrument.underlying} spot</span>
      ) : (
        <span class="what">
          <select
            aria-label={`Strike of ${name}`}
            value={String(instrument.strikeMicros)}
            onChange={(event) =>
              change(at, { ratio, instrument: { ...instrument, strikeMicros: BigInt(event.currentTarget.value) } })
            }
          >
            {ticket.strikesOf(instrument.expirySeconds).map((strike) => (
              <option key={String(strike)} value={String(strike)}>
                {format(strike)}
              </option>
            ))}
          </select>
          <select
            aria-label={`Kind of ${name}`}
            value={instrument.kind}
            onChange={(event) =>
              change(at, { ratio, instrument: { ...instrument, kind: event.currentTarget.value as "call" | "put" } })
            }
          >
            <option value="call">call</option>
            <option value="put">put</option>
          </select>
          <select
            aria-label={`Expiry of ${name}`}
            value={instrument.expirySeconds}
            onChange={(event) =>
              change(at, { ratio, instrument: { ...instrument, expirySeconds: Number(event.currentTarget.value) } })
            }
          >
            {ticket.expiries.value.map((each) => (
              <option key={each} value={each}>
                {shortDay(each)}
              </option>
            ))}
          </select>
        </span>
      )}
      <span class="number muted">{mark === undefined ? "no mark" : format(mark, { places: 2 })}</span>
      <button type="button" class="quiet" aria-label={`Remove ${name}`} onClick={() => change(at, undefined)}>
        ×
      </button>
    </li>
  );
}

const LIVES: readonly (readonly [number, string])[] = [
  [300, "5 minutes"],
  [3_600, "1 hour"],
  [86_400, "1 day"],
  [604_800, "1 week"],
];

function Terms() {
  const cash = own.value.cashSymbol;
  return (
    <div class="terms">
      <label>
        Quantity
        <input inputMode="decimal" value={ticket.quantityText.value} onInput={(event) => (ticket.quantityText.value = event.currentTarget.value)} />
      </label>
      <label>
        Highest fee
        <span class="joined">
          <input inputMode="decimal" value={ticket.feeText.value} onInput={(event) => (ticket.feeText.value = event.currentTarget.value)} />
          <span class="unit">{cash}</span>
        </span>
      </label>
      <label>
        Valid for
        <select value={ticket.lifeSeconds.value} onChange={(event) => (ticket.lifeSeconds.value = Number(event.currentTarget.value))}>
          {LIVES.map(([seconds, name]) => (
            <option key={seconds} value={seconds}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label class="limit">
        {ticket.isCredit.value ? "Receive at least, per unit" : "Pay at most, per unit"}
        <span class="joined">
          <select
            aria-label="Direction of the limit"
            value={ticket.isCredit.value ? "credit" : "debit"}
            onChange={(event) => {
              ticket.limitText.value = ticket.limitShown.value;
              ticket.isCredit.value = event.currentTarget.value === "credit";
            }}
          >
            <option value="debit">pay</option>
            <option value="credit">receive</option>
          </select>
          <input
            inputMode="decimal"
            aria-label="Limit per unit"
            value={ticket.limitShown.value}
            onInput={(event) => (ticket.limitText.value = event.currentTarget.value)}
          />
          <span class="unit">{cash}</span>
        </span>
      </label>
      <div class="nudges" role="group" aria-label="Limit from the mark">
        {[0, 1, 2, 5].map((percent) => (
          <button key={percent} type="button" class="quiet" onClick={() => concede(percent)}>
            {percent === 0 ? "At the mark" : `${percent}% worse`}
          </button>
        ))}
      </div>
      <label class="check">
        <input type="checkbox" checked={ticket.isFillOrKill.value} onChange={(event) => (ticket.isFillOrKill.value = event.currentTarget.checked)} />
        All or nothing
      </label>
      <label class="check">
        <input type="checkbox" checked={ticket.isReduceOnly.value} onChange={(event) => (ticket.isReduceOnly.value = event.currentTarget.checked)} />
        Only reduce positions
      </label>
    </div>
  );
}

/** Set the limit so many percent of the mark in the other side's favour. */
function concede(percent: number): void {
  const net = ticket.net.value;
  if (net === undefined) return;
  ticket.isCredit.value = net < 0n;
  ticket.limitText.value = "";
  if (percent === 0) return;
  const worse = net + (abs(net) * BigInt(percent)) / 100n;
  ticket.limitText.value = plainDecimal((abs(worse) / CENT) * CENT);
}
