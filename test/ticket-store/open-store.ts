import { randomUUID } from "node:crypto";
import { createDefaultHttpClient } from "@azure/core-rest-pipeline";
import { inject } from "vitest";
import { openTable, type TableOptions } from "../../shared/storage/open-table.ts";
import { openTicketStore, type TicketStore } from "../../shared/ticket-store/ticket-store.ts";
import { faultClient } from "../storage/fault-client.ts";

type Fault = Parameters<typeof faultClient>[1];

const real: NonNullable<TableOptions["httpClient"]> = createDefaultHttpClient();

export function newTableName(): string {
  return `t${randomUUID().replaceAll("-", "")}`;
}

/** Opens a store as a process of its own does, with whatever befalls its requests. */
export function openStore(tableName = newTableName(), fault?: Fault): TicketStore {
  const httpClient = fault ? faultClient(real, fault) : real;
  return openTicketStore({
    table: openTable({ connectionString: inject("storage") }, tableName, { httpClient }),
  });
}

/** What a request fails with when its connection breaks. */
export function connectionLost(): Error {
  return Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
}
