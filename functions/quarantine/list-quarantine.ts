import * as v from "valibot";
import { QuarantinePage } from "../../shared/schemas/event.ts";
import { exact, filled, named, wholeNumber } from "../../shared/schemas/vocabulary.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";

export const listQuarantine = operation({
  id: "ListQuarantine",
  summary: "List quarantine",
  description: "Deliveries that were authenticated but not understood, each with the reason.",
  tag: "Quarantine",
  method: "GET",
  route: "quarantine",
  access: "key",
  input: {
    query: exact({
      limit: named(v.optional(wholeNumber(1, 1000), "100"), "Limit", "How many entries to return at most."),
      cursor: named(v.optional(filled), "Cursor", "Where to go on: next of the call before."),
    }),
  },
  output: { status: 200, description: "The entries.", schema: QuarantinePage },
  errors: storageErrors,
  run: async ({ query }, { eventLog }) => ({ body: await eventLog.quarantine.list(query) }),
});
