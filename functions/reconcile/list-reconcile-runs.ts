import * as v from "valibot";
import { readHistory } from "../../shared/reconcile/history.ts";
import { RunHistory } from "../../shared/schemas/reconcile.ts";
import { described, exact, wholeNumber } from "../../shared/schemas/vocabulary.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";

export const runsQuery = exact({
  limit: described(v.optional(wholeNumber(1, 100), "20"), "The maximum number of runs to return."),
});

export const listReconcileRuns = operation({
  id: "ListReconcileRuns",
  summary: "List ticket reconciliation runs",
  description:
    "Lists the last runs of the reconciliation of tickets, latest first, and the progress of an unfinished reading.",
  tag: "Reconciliation",
  method: "GET",
  route: "reconcile/tickets",
  conditional: true,
  input: {
    query: runsQuery,
  },
  output: { status: 200, description: "The runs.", schema: RunHistory },
  errors: storageErrors,
  run: async ({ query }, { ticketStore }) => ({ body: await readHistory(ticketStore, query) }),
});
