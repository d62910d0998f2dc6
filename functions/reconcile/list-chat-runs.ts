import { chatRuns } from "../../shared/chats/chat-runs.ts";
import { ChatRunHistory } from "../../shared/schemas/reconcile.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { runsQuery } from "./list-reconcile-runs.ts";

export const listChatRuns = operation({
  id: "ListChatRuns",
  summary: "List chat reconciliation runs",
  description:
    "Lists the last runs of the reconciliation of chats, latest first, and the progress of an unfinished reading. Only the Text platform has such runs.",
  tag: "Reconciliation",
  method: "GET",
  route: "reconcile/chats",
  conditional: true,
  input: { query: runsQuery },
  output: { status: 200, description: "The runs.", schema: ChatRunHistory },
  errors: storageErrors,
  run: async ({ query }, { eventsTable }) => ({ body: await chatRuns(eventsTable, query) }),
});
