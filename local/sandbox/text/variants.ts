import * as v from "valibot";
import { readAs } from "./refusal.ts";

/** The behaviour of this account where LiveChat's reference is silent. */
const TextVariants = v.object({
  /** The HTTP statuses of errors: `own` is a status for each type, `one` is the same for all. */
  statuses: v.optional(v.picklist(["own", "one"]), "own"),
  /** The archive is filtered and sorted by this time of a thread. */
  archiveTime: v.optional(v.picklist(["created", "ended"]), "created"),
  /** Milliseconds until a new agent shows. */
  propagation: v.optional(v.number(), 0),
  /** The region of the account. A call without it in `X-Region` is misdirected. */
  region: v.optional(v.string()),
  /** Scopes that the token lacks. */
  missingScopes: v.optional(v.array(v.string()), []),
  /** Additional headers of each answer, such as `Legacy`. */
  headers: v.optional(v.record(v.string(), v.string()), {}),
});
export type TextVariants = v.InferOutput<typeof TextVariants>;

/** Checks the chosen variants and adds the defaults. The result may be changed while the sandbox runs. */
export function chooseTextVariants(chosen: Partial<TextVariants> = {}): TextVariants {
  return readAs(TextVariants, chosen);
}
