import type { TableClient } from "@azure/data-tables";
import { Conflict } from "../core/errors.ts";
import { toIso } from "../core/time.ts";
import { type Row, readRow, removeRow } from "./rows.ts";
import { writeOnce } from "./write-once.ts";

export type LeaseOptions = {
  /** The instance or invocation that takes it, for the message to others. */
  holder: string;
  /** Milliseconds after which it ends by itself, when its holder has died. */
  ttlMs: number;
  /** Milliseconds since the epoch. Clocks of different processes need not agree. */
  now?: () => number;
};

export type Lease = Awaited<ReturnType<typeof acquireLease>>;

type LeaseRow = { holder: string; since: string; ttlMs?: number };

/** The version of a lease that this process has found taken, and since when, by its own clock. */
type LeaseSighting = { etag: string; at: number };

/** By table, then by the row's keys. */
const sightings = new WeakMap<TableClient, Map<string, LeaseSighting>>();

/**
 * Takes a lease: a row that one holder at a time owns, for work that must not be done twice at once. It is advice, not
 * a lock: a holder that stood still for longer than its lease learns of the loss only when it renews, so ETags must
 * guard its writes as well.
 *
 * A lease of another holder is over when its row has not changed for its time. No two clocks are compared for that: it
 * is either our own clock at two looks at the row, or the storage service's at the writing and at the reading of it.
 *
 * @throws {Conflict} when another holder has it, naming the holder and since when
 * @throws {StorageUnavailable}
 */
export async function acquireLease(
  table: TableClient,
  { partitionKey, rowKey }: { partitionKey: string; rowKey: string },
  { holder, ttlMs, now = Date.now }: LeaseOptions,
) {
  const since = toIso(now());

  /** The storage service's time, of the last reading. */
  let date: string | undefined;
  const read = () =>
    readRow<LeaseRow>(table, partitionKey, rowKey, {
      onResponse: ({ headers }) => {
        date = headers.get("date");
      },
    });

  const write = (etag: string | undefined) =>
    writeOnce(table, { partitionKey, rowKey, holder, since, ttlMs }, { etag });

  const seen = sightings.get(table) ?? new Map<string, LeaseSighting>();
  sightings.set(table, seen);
  const name = JSON.stringify([partitionKey, rowKey]);
  const taken = await read();
  if (taken) {
    const sighting = seen.get(name);
    const at = sighting?.etag === taken.etag ? sighting.at : now();
    const ageByService = Date.parse(date ?? "") - Date.parse(taken.timestamp ?? "");
    // Leases of versions before this one do not tell for how long they were taken.
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
    /** Holds it for another `ttlMs` from now. @throws {Conflict} when it was lost: stop before the next write. */
    async renew(): Promise<void> {
      etag &&= await write(etag);
      if (etag === undefined) throw leaseTaken(await read());
    },
    /** Releases the lease. Does nothing when the lease was already lost. */
    async release(): Promise<void> {
      const held = etag;
      etag = undefined;
      if (held !== undefined) await removeRow(table, partitionKey, rowKey, { etag: held });
    },
  };
}

function leaseTaken(row: Row<LeaseRow> | undefined): Conflict {
  return new Conflict(
    row ? `${row.holder} has been at it since ${row.since}.` : "Another holder had it until just now.",
  );
}
