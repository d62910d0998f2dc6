import type { TableClient } from "@azure/data-tables";

/** Where a log is kept. */
export type Store = { table: TableClient; partitionKey: string };

/** The partition of the log that the app keeps. */
export const LOG_PARTITION = "log";
