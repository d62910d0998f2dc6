import * as v from "valibot";
import { readAs } from "./refusal.ts";

/** Where the vendor's text is silent: what this account does. */
const TextVariants = v.object({
  /** HTTP statuses of errors: one for each type, or the same for all. */
  statuses: v.optional(v.picklist(["own", "one"]), "own"),
  /** Which time of a thread `from` and `to` of the archive test. */
  archiveTime: v.optional(v.picklist(["created", "ended"]), "created"),
  /** Milliseconds until a new agent shows. */
  propagation: v.optional(v.number(), 0),
  /** The region that the account is in; calls without it in `X-Region` are misdirected. */
  region: v.optional(v.string()),
  /** Scopes that the token lacks. */
  missingScopes: v.optional(v.array(v.string()), []),
  /** Headers of every answer, such as `Legacy`. */
  headers: v.optional(v.record(v.string(), v.string()), {}),
});
export type TextVariants = v.InferOutput<typeof TextVariants>;

/** Checks and completes what was chosen. The result may be changed while the sandbox runs. */
export function chooseTextVariants(chosen: Partial<TextVariants> = {}): TextVariants {
  return readAs(TextVariants, chosen);
}
