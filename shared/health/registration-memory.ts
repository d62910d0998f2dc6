import type { TableClient } from "@azure/data-tables";
import type { LiveChatApi } from "../core/settings.ts";
import { SECOND } from "../core/time.ts";
import type { WebhookStanding } from "../registration/assess.ts";
import { wantedWebhooks } from "../registration/wanted.ts";
import { putRow, readRow } from "../storage/rows.ts";

/** How the webhooks stood when the app last looked: without addresses, which have the password in them. */
type Remembered = {
  event_type: string;
  state: WebhookStanding["state"];
  others: { id: string; flaw: string }[];
  failure?: string;
};

const REGISTRATIONS = { partitionKey: "health", rowKey: "registrations" };
const REMEMBER_TIMEOUT = 2 * SECOND;

/** Remembers how the webhooks stand, for checks that must not ask LiveChat. Never fails. */
export async function rememberStandings(
  table: TableClient,
  standings: readonly WebhookStanding[],
): Promise<void> {
  const remembered = standings.map(
    ({ wanted: { event_type }, state, others, failure }): Remembered => ({
      event_type,
      state,
      failure,
      others: others.map(({ webhook: { id }, flaw }) => ({ id, flaw })),
    }),
  );
  const row = { ...REGISTRATIONS, json: JSON.stringify(remembered) };
  await putRow(table, row, { signal: AbortSignal.timeout(REMEMBER_TIMEOUT) }).catch(() => undefined);
}

/** `undefined` before the app has looked. @throws {StorageUnavailable} */
export async function rememberedStandings(
  table: TableClient,
  { baseUrl, api }: { baseUrl: string; api: LiveChatApi },
): Promise<WebhookStanding[] | undefined> {
  const row = await readRow<{ json: string }>(table, REGISTRATIONS.partitionKey, REGISTRATIONS.rowKey);
  if (!row) return undefined;
  const remembered = JSON.parse(row.json) as Remembered[];
  return wantedWebhooks({ baseUrl, api }).flatMap((wanted): WebhookStanding[] => {
    const known = remembered.find(({ event_type }) => event_type === wanted.event_type);
    if (!known) return [];
    const others = known.others.map(({ id, flaw }) => ({
      webhook: { id, event_type: wanted.event_type, url: wanted.receiver },
      flaw: flaw as WebhookStanding["others"][number]["flaw"],
    }));
    return [{ wanted, state: known.state, others, failure: known.failure }];
  });
}
