import * as v from "valibot";
import { QuarantinePage } from "../../shared/schemas/event.ts";
import { examples } from "../../shared/schemas/examples.ts";
import { described, exact, filled, wholeNumber } from "../../shared/schemas/vocabulary.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";

export const listQuarantine = operation({
  id: "ListQuarantine",
  description:
    "Lists authenticated deliveries that the app could not read, each with the reason. Send next as cursor in the next call, until it is absent: with reason, a page with fewer entries than limit is not always the last.",
  tag: "Quarantine",
  method: "GET",
  route: "quarantine",
  conditional: true,
  input: {
    query: exact({
      limit: described(v.optional(wholeNumber(1, 1000), "100"), "How many entries to return at most."),
      reason: described(v.optional(filled), "Only entries with this reason.", examples.quarantined.reason),
      cursor: described(v.optional(filled), "The next of the call before."),
    }),
  },
  output: { status: 200, description: "The entries.", schema: QuarantinePage },
  errors: storageErrors,
  run: async ({ query }, { eventLog }) => ({ body: await eventLog.quarantine.list(query) }),
});
