import * as v from "valibot";
import { read } from "./refusal.ts";

/**
 * The behaviour of this account where LiveChat's reference is silent or contradicts itself. Real accounts differ in each
 * of these points.
 */
const Variants = v.object({
  /** One ticket is answered as `{tickets: [{…}]}` (the current reference) or bare (the older one). */
  ticket: v.optional(v.picklist(["wrapped", "bare"]), "wrapped"),
  /** The form of times in answers: epoch seconds (the reference) or ISO 8601 (the connector). */
  times: v.optional(v.picklist(["epoch", "iso"]), "epoch"),
  /** The form of times in webhooks. */
  webhookTimes: v.optional(v.picklist(["epoch", "iso"]), "iso"),
  /** The groups of a ticket in the list are `[0, 3]`, or `[{id, name}]` as in other answers. */
  listGroups: v.optional(v.picklist(["ids", "objects"]), "ids"),
  /** An optional field without a value is sent as `null` or left out. */
  absent: v.optional(v.picklist(["null", "missing"]), "null"),
  /** True: answers contain fields that no reference mentions. */
  extras: v.optional(v.boolean(), true),
  /** `PUT /tickets/<id>/tags` changes the tags alone, or all fields that the connector sends. */
  updates: v.optional(v.picklist(["tags", "everything"]), "tags"),
  /** The body of errors: `{"error": "…"}`, `{"errors": ["…"]}`, plain text, or the first two by status. */
  errors: v.optional(v.picklist(["error", "errors", "text", "mixed"]), "mixed"),
});

export type Variants = v.InferOutput<typeof Variants>;

/** Checks the chosen variants and adds the defaults. The result may be changed while the sandbox runs. */
export function chooseVariants(chosen: Partial<Variants> = {}): Variants {
  return read(Variants, chosen);
}
