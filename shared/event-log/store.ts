import type { TableClient } from "@azure/data-tables";

/** The table and partition of a log. */
export type Store = { table: TableClient; partitionKey: string };

/** The partition of the app's log. */
export const LOG_PARTITION = "log";
