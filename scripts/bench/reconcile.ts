import { pathToFileURL } from "node:url";
import { startAzurite } from "../../local/azurite.ts";
import { toIso } from "../../shared/core/time.ts";
import { ticketSource } from "../../shared/livechat/v2/ticket-source.ts";
import { reconcile } from "../../shared/reconcile/reconcile.ts";
import type { Ticket } from "../../shared/schemas/ticket.ts";
import { openTable } from "../../shared/storage/open-table.ts";
import { openTicketStore } from "../../shared/tickets/store/ticket-store.ts";

type ReconcileFigures = {
  /** Tickets in the account. */
  tickets: number;
  /** The share of tickets that changed before the run; in the first run all are new. */
  changed: string;
  /** Calls to LiveChat. */
  calls: number;
  /** Rows written or removed in the ticket table, and the requests for them. Both numbers include the lease. */
  rows: number;
  writes: number;
  seconds: number;
};

type ReconcileBenchOptions = {
  /** Sizes of the account, each with its own table. */
  sizes?: number[];
  /** Shares of the account's tickets that change before a run. */
  changes?: number[];
};

const PAGE = 25;

/**
 * Counts the calls and writes of a run, by the size of the account and the number of changed tickets: they must grow
 * with the changes. There is no rate limit, and the account has its own clock, so no run stops early.
 */
export async function* benchReconcile({
  sizes = [1_000, 10_000],
  changes = [0, 0.01, 1],
}: ReconcileBenchOptions = {}): AsyncGenerator<ReconcileFigures> {
  const azurite = await startAzurite({ inMemory: true });
  try {
    for (const size of sizes) {
      const table = openTable(azurite, `BenchTickets${size}`);
      const written = { rows: 0, writes: 0 };
      table.pipeline.addPolicy({
        name: "count",
        sendRequest(request, next) {
          if (request.method !== "GET") {
            written.writes++;
            // A transaction has a request line for each operation.
            written.rows += String(request.body).match(/^(POST|PUT|PATCH|MERGE|DELETE) http/gm)?.length ?? 1;
          }
          return next(request);
        },
      });
      const store = openTicketStore({ table });
      let now = Date.now();
      // Newest first.
      let tickets = Array.from({ length: size }, (_, index) => ticketOf(size - index, now - index * 1000));
      const run = async (changed: string): Promise<ReconcileFigures> => {
        Object.assign(written, { rows: 0, writes: 0 });
        const started = performance.now();
        const { calls } = await reconcile({
          holder: "bench",
          sink: store,
          now: () => now,
          budgetMs: Number.POSITIVE_INFINITY,
          source: ticketSource(async (page) => ({
            total: tickets.length,
            pages: Math.ceil(tickets.length / PAGE),
            tickets: tickets.slice((page - 1) * PAGE, page * PAGE),
          })),
          appendCreated: async (created) => created.map(() => "stored"),
        });
        const seconds = Math.round((performance.now() - started) / 100) / 10;
        return { tickets: size, changed, calls, ...written, seconds };
      };
      yield await run("first walk");
      for (const part of changes) {
        const count = Math.round(size * part);
        // The changes are within an hour, because the first run of the next day would also sweep.
        const changed = tickets.slice(size - count).map((ticket) => {
          now += 20;
          return { ...ticket, modified: toIso(now), status: "pending" };
        });
        tickets = [...changed.reverse(), ...tickets.slice(0, size - count)];
        // The run is in a later second than the last change.
        now += 15 * 60_000;
        yield await run(`${part * 100} %`);
      }
    }
  } finally {
    await azurite.stop();
  }
}

/** A ticket with a question and an answer, of about 1.5 KB. */
function ticketOf(index: number, moment: number): Ticket {
  const date = toIso(moment);
  const author = { id: `visitor${index}@example.com`, name: `Visitor ${index}`, type: "client" };
  const message = `My order ${index} has not arrived. `.repeat(12);
  return {
    id: `T${index}`,
    subject: `Where is order ${index}?`,
    status: "open",
    date,
    modified: date,
    requester: { mail: author.id, name: author.name, ip: "192.0.2.1" },
    assignee: { id: "ana@example.com", name: "Ana" },
    source: { type: "mail", url: "https://example.com/help" },
    tags: ["order"],
    events: [
      { type: "message", date, author, message, is_private: false },
      { type: "message", date, author: { id: "ana@example.com", name: "Ana", type: "agent" }, message },
    ],
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const sizes = process.argv.slice(2).map(Number);
  for await (const figures of benchReconcile(sizes.length > 0 ? { sizes } : {})) console.table([figures]);
}
