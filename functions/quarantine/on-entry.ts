import { NotFound } from "../../shared/core/errors.ts";
import { examples } from "../../shared/schemas/examples.ts";
import { exact, filled, named } from "../../shared/schemas/vocabulary.ts";
import { storageErrors } from "../errors.ts";

/** The common parts of the operations on one quarantined delivery. */
export const onEntry = {
  tag: "Quarantine",
  input: { path: exact({ id: named(filled, "Entry Id", "The id of the entry.", examples.entryId) }) },
  errors: [NotFound, ...storageErrors],
} as const;

export const noEntry = () => new NotFound("The quarantine has no entry with this id.");
