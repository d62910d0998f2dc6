import type { TicketStore } from "../ticket-store/ticket-store.ts";
import type { Progress, Run } from "./report.ts";

/** The last runs, newest first, and how far an unfinished walk is: the answer of `GET /reconcile/tickets`. */
export async function readHistory(
  _store: TicketStore,
  _options?: { limit?: number },
): Promise<{ runs: Run[]; progress?: Progress }> {
  throw new Error("being written");
}

/** ISO time of the end of the last run that did not fail: what `Health` looks at. One point read. */
export async function lastSuccess(_store: TicketStore): Promise<string | undefined> {
  throw new Error("being written");
}
