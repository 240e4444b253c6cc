/** The API's shapes, as generated from its OpenAPI document. */
import type { components } from "../generated/api.ts";

type Schemas = components["schemas"];
export type AccountView = Schemas["AccountView"];
export type Admission = Schemas["Admission"];
export type BatchView = Schemas["BatchView"];
export type DomainView = Schemas["DomainView"];
export type Health = Schemas["Health"];
export type InstrumentView = Schemas["InstrumentView"];
export type IntentView = Schemas["IntentView"];
export type MarginView = Schemas["MarginView"];
export type ProblemView = Schemas["Problem"];
export type ReportView = Schemas["ReportView"];
export type StreamMessage = Schemas["Snapshot"] | Schemas["Update"] | Schemas["Submitted"] | Schemas["Failed"];

const WHOLE = /^-?\d{1,78}$/;

/** A whole number in a relay's answer; throws where it is none, whatever the relay meant by it. */
export function whole(text: unknown): bigint {
  if (typeof text !== "string" || !WHOLE.test(text)) throw new TypeError("a relay's number is no whole number");
  return BigInt(text);
}
