import type { TableClient } from "@azure/data-tables";
import { Conflict } from "../core/errors.ts";
import { toIso } from "../core/time.ts";
import { answerDate, type Row, readRow, removeRow } from "./rows.ts";
import { writeOnce } from "./write-once.ts";

export type LeaseOptions = {
  /** The instance or invocation that takes the lease. The error of other instances names it. */
  holder: string;
  /** Milliseconds after which a lease that was not renewed ends. */
  ttlMs: number;
  /** Milliseconds since the epoch. The clocks of two processes may differ. */
  now?: () => number;
};

export type Lease = Awaited<ReturnType<typeof acquireLease>>;

/** 409: another holder has the lease, or has changed what the lease protects. */
export class LeaseLost extends Conflict {}

type LeaseRow = { holder: string; since: string; ttlMs?: number };

/** A version of a lease, and when this process first saw it, by its own clock. */
type LeaseSighting = { etag: string; at: number };

/** The leases of other holders, by table and by the row's keys. */
const sightings = new WeakMap<TableClient, Map<string, LeaseSighting>>();

/**
 * Takes a lease: a row with one holder at a time, for work that two instances must not do at once. A lease is not a
 * lock. A holder that was paused for longer than its lease notices the loss only when it renews the lease. So its
 * writes must be conditional on ETags.
 *
 * A lease of another holder is over when its row has not changed for the duration of the lease. That time is measured
 * with one clock: our own between two readings of the row, or the storage service's between the write and the reading.
 *
 * @throws {LeaseLost} when another holder has the lease; it names the holder and the start of the lease
 * @throws {StorageUnavailable}
 */
export async function acquireLease(
  table: TableClient,
  { partitionKey, rowKey }: { partitionKey: string; rowKey: string },
  { holder, ttlMs, now = Date.now }: LeaseOptions,
) {
  const since = toIso(now());

  const { onResponse, date } = answerDate();
  const read = () => readRow<LeaseRow>(table, partitionKey, rowKey, { onResponse });
  const write = (etag: string | undefined) =>
    writeOnce(table, { partitionKey, rowKey, holder, since, ttlMs }, { etag });

  const seen = sightings.get(table) ?? new Map<string, LeaseSighting>();
  sightings.set(table, seen);
  const name = JSON.stringify([partitionKey, rowKey]);
  const taken = await read();
  if (taken) {
    const sighting = seen.get(name);
    const at = sighting?.etag === taken.etag ? sighting.at : now();
    const ageByService = Date.parse(date() ?? "") - Date.parse(taken.timestamp ?? "");
    // A lease of 0.1.0 has no duration.
    const limit = taken.ttlMs ?? ttlMs;
    if (now() - at < limit && !(ageByService >= limit)) {
      seen.set(name, { etag: taken.etag, at });
      throw leaseTaken(taken);
    }
  }
  seen.delete(name);
  let etag = await write(taken?.etag);
  if (etag === undefined) throw leaseTaken(await read());

  return {
    /** Extends the lease to `ttlMs` from now. @throws {LeaseLost} when another holder has it: this one must stop its work */
    async renew(): Promise<void> {
      etag &&= await write(etag);
      if (etag === undefined) throw leaseTaken(await read());
    },
    /** Ends the lease. Does nothing when it was already lost. */
    async release(): Promise<void> {
      const held = etag;
      etag = undefined;
      if (held !== undefined) await removeRow(table, partitionKey, rowKey, { etag: held });
    },
  };
}

function leaseTaken(row: Row<LeaseRow> | undefined): LeaseLost {
  return new LeaseLost(
    row
      ? `Another run (${row.holder}) has been in progress since ${row.since}.`
      : "Another run has just ended.",
  );
}
