/** One relay over HTTP. */
import type {
  AccountView, BatchView, DomainView, InstrumentView, IntentView, MarginView, ProblemView, ReportView,
} from "./types.ts";

const TIMEOUT_MS = 10_000;

/** A relay's refusal, or why it could not be asked; `code` is stable. */
export class Problem extends Error {
  readonly code: string;
  readonly retryable: boolean;

  constructor(code: string, detail: string, retryable: boolean) {
    super(detail);
    this.code = code;
    this.retryable = retryable;
  }
}

export interface SignedIntent {
  primaryType: string;
  message: Record<string, unknown>;
  signature: string;
}

/** Stands at an origin; the empty one is the page's own. */
export class Relay {
  readonly origin: string;

  constructor(origin: string) {
    this.origin = origin;
  }

  get name(): string {
    return new URL(this.origin || location.origin).host;
  }

  get streamUrl(): string {
    return `${(this.origin || location.origin).replace(/^http/, "ws")}/v1/stream`;
  }

  domain = () => this.get<DomainView>("/v1/domain");
  instruments = () => this.get<InstrumentView[]>("/v1/instruments");
  report = () => this.get<ReportView>("/v1/report");
  intent = (hash: string) => this.get<IntentView>(`/v1/intents/${hash}`);
  account = (id: string) => this.get<AccountView>(`/v1/accounts/${id}`);
  batches = (query = "") => this.get<BatchView[]>(`/v1/batches${query}`);
  readiness = () => this.get<Record<string, string>>("/readyz");
  send = (intent: SignedIntent) => this.ask<IntentView>("/v1/intents", intent);
  margin = (accountId: string, order: Record<string, unknown>) =>
    this.ask<MarginView>("/v1/margin/simulate", { account_id: accountId, orders: [order] });

  private get<T>(path: string): Promise<T> {
    return this.fetch<T>(path, {});
  }

  private ask<T>(path: string, body: unknown): Promise<T> {
    const headers = { "content-type": "application/json" };
    return this.fetch<T>(path, { method: "POST", headers, body: JSON.stringify(body) });
  }

  private async fetch<T>(path: string, options: RequestInit): Promise<T> {
    let answer: Response;
    let said: unknown;
    try {
      answer = await fetch(this.origin + path, { ...options, signal: AbortSignal.timeout(TIMEOUT_MS) });
      said = await answer.json();
    } catch {
      throw new Problem("relay_unreachable", `${this.name} does not answer.`, true);
    }
    if (answer.ok) return said as T;
    const { code, detail, retryable } = (said ?? {}) as Partial<ProblemView>;
    throw new Problem(String(code ?? "unknown"), String(detail ?? answer.statusText), retryable === true);
  }
}
