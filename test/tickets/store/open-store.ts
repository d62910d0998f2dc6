import { randomUUID } from "node:crypto";
import { inject } from "vitest";
import type { ReconcileState } from "../../../shared/reconcile/state.ts";
import { openTable } from "../../../shared/storage/open-table.ts";
import { openTicketStore, type TicketStore } from "../../../shared/tickets/store/ticket-store.ts";
import { type Fault, inject as injectFault } from "../../storage/faults.ts";

export function newTableName(): string {
  return `t${randomUUID().replaceAll("-", "")}`;
}

/** Opens a store with a client of its own. A fault stands between the client and storage. */
export function openStore(tableName = newTableName(), fault?: Fault): TicketStore {
  // No request reaches this time limit, even on a slow machine.
  const table = openTable({ connectionString: inject("storage") }, tableName, { timeLimit: 600_000 });
  return openTicketStore({ table: fault ? injectFault(table, fault) : table });
}

/** The state of a reconciliation with `runs` runs. */
export function stateAfter(runs: number): ReconcileState {
  return { format: 2, odd: [], runs };
}
