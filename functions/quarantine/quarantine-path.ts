import { misfitId } from "../../shared/schemas/examples.ts";
import { exact, filled, named } from "../../shared/schemas/vocabulary.ts";

/** The path of every operation on one quarantined delivery. */
export const QuarantinePath = exact({
  id: named(filled, "Entry Id", "The id of the entry.", misfitId),
});
