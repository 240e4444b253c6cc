/** Small parts that every page uses. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { format } from "../core/amounts.ts";

/** An amount with its sign in text as well as in colour. */
export function Signed({ amount, places = 2, unit }: { amount: bigint; places?: number; unit?: string }) {
  const tone = amount > 0n ? "gain" : amount < 0n ? "loss" : "";
  return (
    <span class={`number ${tone}`}>
      {format(amount, { places, signed: true })}
      {unit && <small> {unit}</small>}
    </span>
  );
}

export function Fact({ label, children, hint }: { label: string; children: ComponentChildren; hint?: string }) {
  return (
    <div class="fact" title={hint}>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function Section({ title, aside, children, class: name = "" }: {
  title: string;
  aside?: ComponentChildren;
  children: ComponentChildren;
  class?: string;
}) {
  const id = `section-${title.toLowerCase().replace(/\W+/g, "-")}`;
  return (
    <section class={`card ${name}`} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

/** A notice that assistive technology reads out when it appears. */
export function Notice({ tone = "info", children }: { tone?: "info" | "bad" | "good"; children: ComponentChildren }) {
  return (
    <div class={`notice ${tone}`} role={tone === "bad" ? "alert" : "status"}>
      {children}
    </div>
  );
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

/** A table that scrolls sideways on its own, also by keyboard. */
export function Scroller({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div class="scroller" role="region" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}

/** The native dialog: it keeps the focus inside, and Escape closes it. */
export function Dialog({ title, onClose, children }: { title: string; onClose(): void; children: ComponentChildren }) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => element.current?.showModal(), []);
  return (
    <dialog ref={element} onClose={onClose} aria-label={title}>
      <header>
        <h2>{title}</h2>
        <button type="button" class="quiet" onClick={onClose} aria-label="Close">×</button>
      </header>
      {children}
    </dialog>
  );
}
