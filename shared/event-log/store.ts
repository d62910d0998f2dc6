import type { TableClient } from "@azure/data-tables";

/** Where a log is kept. */
export type Store = { table: TableClient; partitionKey: string };
