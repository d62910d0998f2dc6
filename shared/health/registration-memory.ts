import type { TableClient } from "@azure/data-tables";
import { SECOND } from "../core/time.ts";
import type { KnownStanding, WebhookStanding } from "../registration/assess.ts";
import type { EventType } from "../schemas/webhook.ts";
import { putRow, readRow } from "../storage/rows.ts";
import { HEALTH_PARTITION } from "./counter.ts";

/** The stored form of a webhook's standing: without addresses, which contain the password. */
type StoredStanding = Omit<KnownStanding, "wanted"> & { event_type: EventType };

const ROW_KEY = "registrations";
const REMEMBER_TIMEOUT = 2 * SECOND;

/** Remembers the webhooks' standings, for checks that must not call LiveChat. Never fails. */
export async function rememberStandings(
  table: TableClient,
  standings: readonly WebhookStanding[],
): Promise<void> {
  const stored = standings.map(({ wanted: { event_type }, state, others, failure }) => ({
    ...{ event_type, state, failure },
    others: others.map(({ webhook: { id }, flaw }) => ({ id, flaw })),
  }));
  const row = { partitionKey: HEALTH_PARTITION, rowKey: ROW_KEY, json: JSON.stringify(stored) };
  await putRow(table, row, { signal: AbortSignal.timeout(REMEMBER_TIMEOUT) }).catch(() => undefined);
}

/** The remembered standings; `undefined` before the app has checked the webhooks. @throws {StorageUnavailable} */
export async function rememberedStandings(table: TableClient): Promise<KnownStanding[] | undefined> {
  const row = await readRow<{ json: string }>(table, HEALTH_PARTITION, ROW_KEY);
  const stored = row && (JSON.parse(row.json) as StoredStanding[]);
  return stored?.map(({ event_type, ...known }) => ({ wanted: { event_type }, ...known }));
}
