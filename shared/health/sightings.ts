import type { TableClient } from "@azure/data-tables";
import { AppError } from "../core/errors.ts";
import { hashed } from "../storage/keys.ts";
import { putRow, readRow } from "../storage/rows.ts";

/** Remembers since when something has been in its state. */
export type Sightings = {
  /** ISO 8601: when `name` was first seen in this state, without having been seen in another since. */
  since(name: string, state: string): Promise<string>;
};

const PARTITION = "health";
/** Milliseconds that a moment of the past is worth waiting for. */
const TIME_LIMIT = 1_000;

type SightingRow = { state: string; since: string };

/**
 * Sightings that outlive the process and are shared by all instances, as far as storage lets them: when it does not,
 * what this process saw has to do. A row is read when a state is new to this process, and written when it is new.
 *
 * @param now milliseconds since the epoch
 */
export function openSightings(table: () => TableClient, now: () => number = Date.now): Sightings {
  const seen = new Map<string, SightingRow>();
  return {
    async since(name, state) {
      const last = seen.get(name);
      if (last?.state === state) return last.since;
      const fresh = { state, since: new Date(now()).toISOString() };
      seen.set(name, fresh);
      try {
        const key = { partitionKey: PARTITION, rowKey: `health:${hashed(name)}` };
        const signal = AbortSignal.timeout(TIME_LIMIT);
        const row = await readRow<SightingRow>(table(), key.partitionKey, key.rowKey, { signal });
        if (row?.state !== state) await putRow(table(), { ...key, name, ...fresh }, { signal });
        else fresh.since = row.since;
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
      }
      return fresh.since;
    },
  };
}
