/** The journey of one intent, as far as it has come. */
import { span, words } from "../core/words.ts";
import type { Followed } from "../state/session.ts";

const STEPS = ["signed", "relayed", "ordered", "cleared", "settled", "final"] as const;
type Step = (typeof STEPS)[number];
const ENDS = new Set(["rejected", "cancelled", "expired"]);
const MEANINGS: Record<string, string> = {
  signed: "by your key",
  relayed: "durable at a relay",
  ordered: "its place is certain",
  cleared: "matched in a batch",
  settled: "mined",
  final: "past reorganisations",
  rejected: "refused",
  cancelled: "can no longer fill",
  expired: "its time is over",
  cancel_pending: "a cancellation is on its way; it may still fill",
};

export const isOver = (status: string) => status === "final" || ENDS.has(status);

export function Timeline({ intent }: { intent: Followed }) {
  const { view, signedSeconds, moments } = intent;
  const reached = STEPS.indexOf(view.status as Step);
  // What an intent passed through at once happened no later than what it came to.
  const at = (step: string): number | undefined =>
    step === "signed"
      ? (signedSeconds ?? moments.relayed)
      : (moments[step] ?? STEPS.slice(Math.max(1, STEPS.indexOf(step as Step)), reached + 1).map((each) => moments[each]).find(Boolean));
  const isEnded = ENDS.has(view.status) || view.status === "cancel_pending";
  const last = Math.max(reached, ...STEPS.map((step, index) => (at(step) === undefined ? 0 : index)));
  const steps = isEnded ? [...STEPS.slice(0, Math.min(last, 3) + 1), view.status] : STEPS;
  const start = at("signed");
  return (
    <ol class="timeline" aria-label="Journey">
      {steps.map((step, index) => {
        const time = at(step);
        const isDone = isEnded || index <= last;
        const elapsed = time !== undefined && start !== undefined && index > 0 ? `+${span(time - start)}` : "";
        const isCurrent = step === view.status;
        return (
          <li key={step} class={`${isDone ? "done" : ""} ${isCurrent ? "current" : ""} ${ENDS.has(step) ? "ended" : ""}`} aria-current={isCurrent ? "step" : undefined}>
            <span class="step">{step.replace("_", " ")}</span>
            <small>{isDone ? elapsed || MEANINGS[step] : MEANINGS[step]}</small>
          </li>
        );
      })}
    </ol>
  );
}

/** Why it ended or waits, if the relay says so. */
export function Reason({ intent }: { intent: Followed }) {
  const { reason } = intent.view;
  if (!reason) return null;
  return (
    <p class={ENDS.has(intent.view.status) ? "loss" : "muted"}>
      <code>{reason}</code> {words(reason)}
    </p>
  );
}
