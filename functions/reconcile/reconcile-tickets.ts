import { Conflict, NoHelpDesk } from "../../shared/core/errors.ts";
import { RunReport } from "../../shared/schemas/reconcile.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { HTTP_BUDGET, reconcileTicketsOf } from "./run-tickets.ts";

export const reconcileTickets = operation({
  id: "ReconcileTickets",
  description:
    "Updates the stored tickets from LiveChat now, as the timer does, and adds events for tickets that no webhook reported.",
  tag: "Reconciliation",
  method: "POST",
  route: "reconcile/tickets",
  input: {},
  output: { status: 200, description: "The report of the run.", schema: RunReport },
  errors: [Conflict, NoHelpDesk, ...storageErrors],
  run: async (_, services) => {
    const holder = "ReconcileTickets, called over HTTP";
    const body = await reconcileTicketsOf(services, { holder, budgetMs: HTTP_BUDGET });
    return { body };
  },
});
