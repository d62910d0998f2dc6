import type { TicketStore } from "../tickets/store/ticket-store.ts";
import { type Progress, type Run, toIso } from "./report.ts";
import { RUN } from "./session.ts";
import type { State } from "./state.ts";
import { nextPage, type Walk } from "./walk.ts";

export type History = {
  /** Newest first. A run that is going on, or just died, is not among them. */
  runs: Run[];
  progress?: Progress;
};

/**
 * The last runs, and how far a walk is that they left unfinished: the answer of `GET /reconcile/tickets`.
 *
 * @param limit 1 to 100, which is how many are kept
 */
export async function readHistory(
  store: TicketStore,
  { limit = 20, pageSize = 25 }: { limit?: number; pageSize?: number } = {},
): Promise<History> {
  const state = await store.state<State>();
  const runs: Run[] = [];
  for await (const run of store.notes<Run>(RUN)) runs.push(run);
  runs.sort((a, b) => b.number - a.number);
  return { runs: runs.slice(0, limit), progress: progressOf(state, pageSize) };
}

/** ISO time of the end of the last run that did not fail: what `Health` looks at. One point read. */
export async function lastSuccess(store: TicketStore): Promise<string | undefined> {
  return (await store.state<State>())?.lastSuccess;
}

function progressOf({ catchUp, sweep }: State = { runs: 0 }, pageSize: number): Progress | undefined {
  if (sweep) {
    const { first, walk, begunAt, readAt } = sweep;
    const { page, pages } = pagesOf(walk, pageSize);
    const expectedEnd = page === 0 ? undefined : toIso(begunAt + ((readAt - begunAt) / page) * pages);
    return { mode: first ? "first" : "sweep", startedAt: toIso(begunAt), page, pages, expectedEnd };
  }
  if (!catchUp) return undefined;
  return {
    mode: "incremental",
    startedAt: toIso(catchUp.begunAt),
    ...pagesOf(catchUp.walk, pageSize),
  };
}

function pagesOf(walk: Walk, pageSize: number): { page: number; pages: number } {
  const pages = Math.ceil((walk.total ?? 0) / pageSize);
  return { page: Math.min(pages, nextPage(walk, pageSize) - 1), pages };
}
