import { misfitId } from "../../shared/schemas/examples.ts";
import { filled } from "../../shared/schemas/parameter.ts";
import { exact, named } from "../../shared/schemas/scalar.ts";

/** The path of every operation on one quarantined delivery. */
export const QuarantinePath = exact({
  id: named(filled, "Entry Id", "The id of the entry.", misfitId),
});
