import { randomUUID } from "node:crypto";
import type { TableClient } from "@azure/data-tables";
import { Conflict } from "../core/errors.ts";
import { OutcomeUnknown } from "./failures.ts";
import { createRow, type Row, readRow, removeRow, replaceRow } from "./rows.ts";

export type LeaseOptions = {
  /** Who takes it, for whoever is turned away: an instance's or invocation's id. */
  holder: string;
  /** Milliseconds after which it ends by itself, when its holder has died. */
  ttlMs: number;
  /** Milliseconds since the epoch. All who take the same lease need clocks that agree to well within `ttlMs`. */
  now?: () => number;
};

export type Lease = {
  readonly holder: string;
  /** ISO 8601: when it was taken. */
  readonly since: string;
  /** Holds it for another `ttlMs` from now. @throws {Conflict} when it was lost: stop before the next write. */
  renew(): Promise<void>;
  /** Lets go of it. Nothing happens when it was lost already. */
  release(): Promise<void>;
};

type LeaseRow = { holder: string; since: string; until: string; nonce: string };

/**
 * Takes a lease: a row that one holder at a time owns, for work that must not be done twice at once. It is advice, not
 * a lock: a holder that stood still for longer than its lease learns of the loss when it renews, so what it writes has
 * to be guarded by ETags as well.
 *
 * @throws {Conflict} when somebody else has it, naming the holder and since when
 * @throws {StorageUnavailable}
 */
export async function acquireLease(
  table: TableClient,
  { partitionKey, rowKey }: { partitionKey: string; rowKey: string },
  { holder, ttlMs, now = Date.now }: LeaseOptions,
): Promise<Lease> {
  const read = () => readRow<LeaseRow>(table, partitionKey, rowKey);
  const since = toIso(now());
  // Tells this lease from another of the same holder.
  const nonce = randomUUID();

  /** The ETag of what was written, or `undefined` when somebody else was faster. */
  async function write(etag: string | undefined): Promise<string | undefined> {
    const row = { partitionKey, rowKey, holder, since, nonce, until: toIso(now() + ttlMs) };
    try {
      return await (etag === undefined ? createRow(table, row) : replaceRow(table, row, { etag }));
    } catch (error) {
      const found = error instanceof OutcomeUnknown ? await read() : undefined;
      if (found?.nonce === nonce && found.until === row.until) return found.etag;
      throw error;
    }
  }

  const taken = await read();
  if (taken && Date.parse(taken.until) > now()) throw busy(taken);
  let etag = await write(taken?.etag);
  if (etag === undefined) throw busy(await read());

  return {
    holder,
    since,
    async renew() {
      etag &&= await write(etag);
      if (etag === undefined) throw busy(await read());
    },
    async release() {
      const held = etag;
      etag = undefined;
      if (held !== undefined) await removeRow(table, partitionKey, rowKey, { etag: held });
    },
  };
}

function busy(row: Row<LeaseRow> | undefined): Conflict {
  return new Conflict(
    row ? `${row.holder} is at it since ${row.since}.` : "Somebody else was at it until just now.",
  );
}

function toIso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
