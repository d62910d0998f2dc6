import type { TableClient } from "@azure/data-tables";
import { decompress, fromProperties, toProperties } from "../../storage/body.ts";
import { checkFormat, FORMAT, type Formatted } from "../../storage/format.ts";
import { readRow } from "../../storage/rows.ts";
import { PARTITION } from "./ticket-row.ts";

export const STATE = "state";
export const NOTE = "note:";

/** The row that every commit changes. Its ETag orders the commits, and its numbers are as exact as they are. */
export type Snapshot<State> = {
  state?: State;
  /** The state as it is stored. */
  text: Uint8Array;
  /** Tickets that are stored and not marked as deleted. */
  live: number;
  /** How many commits have changed tickets. */
  changes: number;
  /** Tells this commit of a writer from every other. */
  commit: string;
  /** How many erasures there were: they change tickets between two commits of a writer, and leave `commit` as it is. */
  erasures: number;
  /** Absent before the first commit. */
  etag?: string;
};

type StateRow = { live: number; changes: number; commit: string; erasures?: number } & Formatted;

const NAME = "ticket store";

const MAX_STATE_BYTES = 1024 * 1024;

/** @throws {NewerFormat} */
export async function readState<State>(table: TableClient): Promise<Snapshot<State>> {
  const row = await readRow<StateRow>(table, PARTITION, STATE);
  if (!row) return { text: Buffer.from(""), live: 0, changes: 0, commit: "", erasures: 0 };
  const { live, changes, commit, erasures = 0, etag } = checkFormat(row, NAME);
  const text = fromProperties(row);
  const state = text.length > 0 ? JSON.parse(await decompress(text, MAX_STATE_BYTES)) : undefined;
  return { state, text, live, changes, commit, erasures, etag };
}

export function toStateRow<State>({ live, changes, commit, erasures, text }: Snapshot<State>) {
  const row = { partitionKey: PARTITION, rowKey: STATE, format: FORMAT, live, changes, commit, erasures };
  return { ...row, ...toProperties(text) };
}

/** The number of the last change to the stored tickets. @throws {NewerFormat} */
export async function readChanges(table: TableClient): Promise<number> {
  const row = await readRow<StateRow>(table, PARTITION, STATE, { select: ["changes", "format"] });
  return row ? checkFormat(row, NAME).changes : 0;
}
