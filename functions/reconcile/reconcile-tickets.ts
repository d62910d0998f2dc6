import { Conflict } from "../../shared/core/errors.ts";
import { RunReport } from "../../shared/schemas/reconcile.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { HTTP_BUDGET, reconcileAccount } from "./reconcile.ts";

export const reconcileTickets = operation({
  id: "ReconcileTickets",
  summary: "Reconcile tickets",
  description:
    "Makes the stored tickets equal to the account's now, as the timer does, and puts tickets that no webhook told of into the log.",
  tag: "Reconciliation",
  method: "POST",
  route: "reconcile/tickets",
  access: "key",
  input: {},
  output: { status: 200, description: "What the run did.", schema: RunReport },
  errors: [Conflict, ...storageErrors],
  run: async (_, services) => {
    const holder = "ReconcileTickets, called over HTTP";
    const body = await reconcileAccount(services, { holder, budgetMs: HTTP_BUDGET });
    return { body };
  },
});
