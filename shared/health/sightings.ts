import type { TableClient } from "@azure/data-tables";
import { AppError } from "../core/errors.ts";
import { SECOND, toIso } from "../core/time.ts";
import { hashed } from "../storage/keys.ts";
import { putRow, readRow } from "../storage/rows.ts";
import { writeOnce } from "../storage/write-once.ts";
import { HEALTH_PARTITION } from "./counter.ts";

export type Sightings = ReturnType<typeof openSightings>;

type Sighting = {
  /** ISO 8601: the start of this state. */
  since: string;
  /** The previous state, or `unseen`; present only for the first call that records another state or count. */
  before?: string;
  /** The number of faults of the previous state, if it had one. */
  countBefore?: number;
};

const TOUCHED = "touched";
/** Milliseconds that recording a state may take. */
const SIGHTING_TIMEOUT = SECOND;

type SightingRow = { state: string; since: string; count?: number };
type TouchedRow = { value: string };

/**
 * Remembers the states of the checks for all instances, in storage. While storage fails, only this process remembers
 * them. A row is read when a state is new to this process, and written when the state is new to all instances.
 *
 * @param clock milliseconds since the epoch
 */
export function openSightings(table: () => TableClient, clock: () => number = Date.now) {
  const seen = new Map<string, SightingRow>();
  let lastTouched: string | undefined;
  return {
    /** Records the state of `name`, and its number of faults, if they can be counted. */
    async see(name: string, state: string, count?: number): Promise<Sighting> {
      const last = seen.get(name);
      if (last?.state === state && last.count === count) return { since: last.since };
      const now = toIso(clock());
      const fresh: SightingRow = { state, since: last?.state === state ? last.since : now, count };
      seen.set(name, fresh);
      const before = await unlessStorageFails(() => store(name, fresh), last ?? UNSEEN);
      return { since: fresh.since, before: before?.state, countBefore: before?.count };
    },
    /** Records a change by the operator, so that every instance checks again. */
    async touch(): Promise<void> {
      lastTouched = crypto.randomUUID();
      const row = { partitionKey: HEALTH_PARTITION, rowKey: TOUCHED, value: lastTouched };
      const signal = AbortSignal.timeout(SIGHTING_TIMEOUT);
      await unlessStorageFails(() => putRow(table(), row, { signal }), undefined);
    },
    /** A value that changes with each `touch`. */
    async touched(): Promise<string | undefined> {
      const signal = AbortSignal.timeout(SIGHTING_TIMEOUT);
      const read = () => readRow<TouchedRow>(table(), HEALTH_PARTITION, TOUCHED, { signal });
      const row = await unlessStorageFails(read, undefined);
      lastTouched = row?.value ?? lastTouched;
      return lastTouched;
    },
  };

  /** Writes the state unless it is known. Only the instance that writes it gets the previous state. */
  async function store(name: string, fresh: SightingRow): Promise<StateBefore | undefined> {
    const key = { partitionKey: HEALTH_PARTITION, rowKey: `health:${hashed(name)}` };
    const signal = AbortSignal.timeout(SIGHTING_TIMEOUT);
    const row = await readRow<SightingRow>(table(), key.partitionKey, key.rowKey, { signal });
    if (row?.state === fresh.state) {
      fresh.since = row.since;
      if (row.count === fresh.count) return undefined;
    }
    const next = { ...key, name, ...fresh };
    const written = await writeOnce(table(), next, { etag: row?.etag, signal });
    return written === undefined ? undefined : (row ?? UNSEEN);
  }
}

type StateBefore = Pick<SightingRow, "state" | "count">;
const UNSEEN: StateBefore = { state: "unseen" };

async function unlessStorageFails<Value>(run: () => Promise<Value>, otherwise: Value): Promise<Value> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return otherwise;
  }
}
