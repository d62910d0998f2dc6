import type { TableClient, TransactionAction } from "@azure/data-tables";
import type { LiveChatApi } from "../../core/settings.ts";
import type { ReconcileState } from "../../reconcile/state.ts";
import { decompress, fromProperties, toProperties } from "../../storage/body.ts";
import { checkFormat, FORMAT, type Formatted } from "../../storage/format.ts";
import { readRow } from "../../storage/rows.ts";
import { TICKETS_PARTITION } from "./ticket-row.ts";

export const STATE = "state";
const NOTE = "note:";

/** The name of a note's row. Each API's tickets have notes of their own. */
export function noteKey(api: LiveChatApi, name: string): string {
  return NOTE + (api === "v2" ? name : `${api}:${name}`);
}

/**
 * The rows that every commit changes. The ETag of the first row puts the commits in order, so its numbers are exact.
 * The state and the number of live tickets belong to one API. Those of the Text platform are in a second row. So an
 * account that moves there starts with a new state, and an account that moves back finds v2's state unchanged.
 */
export type Snapshot = {
  api: LiveChatApi;
  state?: ReconcileState;
  /** The state, as stored text. */
  text: Uint8Array;
  /** Tickets of the API that are stored and not marked as deleted. */
  live: number;
  /** The state and live tickets of v2, when the API is another one. */
  v2?: Pick<Snapshot, "text" | "live">;
  /** How many commits have changed tickets. */
  changes: number;
  /** A random text that identifies a commit. */
  commit: string;
  /**
   * The number of erasures. An erasure changes tickets between two commits of a writer, without changing `commit`.
   */
  erasures: number;
  /** Absent before the first commit. */
  etag?: string;
};

type StateRow = { live: number; changes: number; commit: string; erasures?: number } & Formatted;
type ApiRow = { live: number } & Formatted;

const NAME = "ticket store";

/** @throws {NewerFormat} */
export async function readState(table: TableClient, api: LiveChatApi = "v2"): Promise<Snapshot> {
  const row = await readRow<StateRow>(table, TICKETS_PARTITION, STATE);
  const { changes = 0, commit = "", erasures = 0, etag } = row ?? {};
  const v2 = partOf(row);
  const own = api === "v2" ? v2 : partOf(await readRow<ApiRow>(table, TICKETS_PARTITION, `${STATE}:${api}`));
  const state = own.text.length > 0 ? JSON.parse(await decompress(own.text)) : undefined;
  return { api, state, ...own, ...(api !== "v2" && { v2 }), changes, commit, erasures, etag };
}

/** The part of a row that belongs to one API. */
function partOf(row: ApiRow | undefined): Pick<Snapshot, "text" | "live"> {
  return row
    ? { text: fromProperties(row), live: checkFormat(row, NAME).live }
    : { text: Buffer.from(""), live: 0 };
}

/** The operations that store a state. The first one makes a transaction fail when another commit came before it. */
export function writeState(snapshot: Snapshot): TransactionAction[] {
  const { api, v2, changes, commit, erasures, etag } = snapshot;
  const row = { ...columnsOf(STATE, v2 ?? snapshot), changes, commit, erasures };
  const first: TransactionAction = etag ? ["update", row, "Replace", { etag }] : ["create", row];
  return v2 ? [first, ["upsert", columnsOf(`${STATE}:${api}`, snapshot), "Replace"]] : [first];
}

function columnsOf(rowKey: string, { text, live }: Pick<Snapshot, "text" | "live">) {
  return { partitionKey: TICKETS_PARTITION, rowKey, format: FORMAT, live, ...toProperties(text) };
}

/** The number of the last change to the stored tickets. @throws {NewerFormat} */
export async function readChanges(table: TableClient): Promise<number> {
  const row = await readRow<StateRow>(table, TICKETS_PARTITION, STATE, { select: ["changes", "format"] });
  return row ? checkFormat(row, NAME).changes : 0;
}
