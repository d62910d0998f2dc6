import * as v from "valibot";
import { QuarantinePage } from "../../shared/schemas/event.ts";
import { examples } from "../../shared/schemas/examples.ts";
import { described, exact, filled, wholeNumber } from "../../shared/schemas/vocabulary.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";

export const listQuarantine = operation({
  id: "ListQuarantine",
  description:
    "Lists authenticated deliveries that the app could not read, each with the reason. To read on, send the answer's next as the parameter cursor. At the end, next is absent; with the parameter reason, a page with fewer entries than limit is not always the last.",
  tag: "Quarantine",
  method: "GET",
  route: "quarantine",
  conditional: true,
  input: {
    query: exact({
      limit: described(v.optional(wholeNumber(1, 1000), "100"), "The maximum number of entries to return."),
      reason: described(v.optional(filled), "Only entries with this reason.", examples.quarantined.reason),
      cursor: described(v.optional(filled), "The value of next in the previous answer."),
    }),
  },
  output: { status: 200, description: "The entries.", schema: QuarantinePage },
  errors: storageErrors,
  run: async ({ query }, { eventLog }) => ({ body: await eventLog.quarantine.list(query) }),
});
