import type { TableClient } from "@azure/data-tables";
import { SECOND } from "../core/time.ts";
import type { KnownStanding, WebhookStanding } from "../registration/assess.ts";
import type { EventType } from "../schemas/webhook.ts";
import { putRow, readRow } from "../storage/rows.ts";

/** A webhook's standing as it is stored: without addresses, which contain the password. */
type Remembered = Omit<KnownStanding, "wanted"> & { event_type: EventType };

const REGISTRATIONS = { partitionKey: "health", rowKey: "registrations" };
const REMEMBER_TIMEOUT = 2 * SECOND;

/** Remembers the webhooks' standings, for checks that must not call LiveChat. Never fails. */
export async function rememberStandings(
  table: TableClient,
  standings: readonly WebhookStanding[],
): Promise<void> {
  const remembered = standings.map(({ wanted: { event_type }, state, others, failure }) => ({
    ...{ event_type, state, failure },
    others: others.map(({ webhook: { id }, flaw }) => ({ id, flaw })),
  }));
  const row = { ...REGISTRATIONS, json: JSON.stringify(remembered) };
  await putRow(table, row, { signal: AbortSignal.timeout(REMEMBER_TIMEOUT) }).catch(() => undefined);
}

/** `undefined` before the app has checked them. @throws {StorageUnavailable} */
export async function rememberedStandings(table: TableClient): Promise<KnownStanding[] | undefined> {
  const row = await readRow<{ json: string }>(table, REGISTRATIONS.partitionKey, REGISTRATIONS.rowKey);
  const remembered = row && (JSON.parse(row.json) as Remembered[]);
  return remembered?.map(({ event_type, ...known }) => ({ wanted: { event_type }, ...known }));
}
