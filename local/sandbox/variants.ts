import * as v from "valibot";
import { read } from "./refusal.ts";

/**
 * Where LiveChat's reference is silent or contradicts itself, and answers of every kind are met: what this account
 * does. What is left out is as usual.
 */
const Variants = v.object({
  /** One ticket comes as `{tickets: [{…}]}` (the current reference) or bare (the older one). */
  ticket: v.optional(v.picklist(["wrapped", "bare"]), "wrapped"),
  /** How the answers of the API spell times: epoch seconds (the reference) or ISO 8601 (the connector). */
  times: v.optional(v.picklist(["epoch", "iso"]), "epoch"),
  /** How webhooks spell them. */
  webhookTimes: v.optional(v.picklist(["epoch", "iso"]), "iso"),
  /** Groups of tickets in lists are `[0, 3]` or, as elsewhere, `[{id, name}]`. */
  listGroups: v.optional(v.picklist(["ids", "objects"]), "ids"),
  /** An optional field without a value is sent as `null` or left out. */
  absent: v.optional(v.picklist(["null", "missing"]), "null"),
  /** Whether answers carry fields that no reference mentions. */
  extras: v.optional(v.boolean(), true),
  /** What `PUT /tickets/<id>/tags` applies: what its name says, or the whole ticket that the connector sends it. */
  updates: v.optional(v.picklist(["tags", "everything"]), "tags"),
  /** Bodies of errors: `{"error": "…"}`, `{"errors": ["…"]}`, plain text, or one for some statuses and one for others. */
  errors: v.optional(v.picklist(["error", "errors", "text", "mixed"]), "mixed"),
});

export type Variants = v.InferOutput<typeof Variants>;

/** Checks and completes what was chosen. The result may be changed while the sandbox runs. */
export function chooseVariants(chosen: Partial<Variants> = {}): Variants {
  return read(Variants, chosen);
}
