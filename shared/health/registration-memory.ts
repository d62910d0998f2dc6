import type { TableClient } from "@azure/data-tables";
import * as v from "valibot";
import { readJson } from "../core/json.ts";
import type { KnownStanding, WebhookStanding } from "../registration/assess.ts";
import { FLAWS, Registration } from "../schemas/registration.ts";
import { putRow, readRow } from "../storage/rows.ts";
import { HEALTH_PARTITION } from "./counter.ts";
import { tryToWrite } from "./write-aside.ts";

const { event_type, state } = Registration.entries;
/** The stored standings of webhooks: without addresses, which contain the password. */
const StoredStandings = v.array(
  v.object({
    event_type,
    state,
    failure: v.optional(v.string()),
    others: v.array(v.object({ id: v.string(), flaw: v.picklist(FLAWS) })),
  }),
);
type StoredStandings = v.InferOutput<typeof StoredStandings>;

const ROW_KEY = "registrations";

/** Remembers the webhooks' standings, for checks that must not call LiveChat. Never fails. */
export async function rememberStandings(
  table: TableClient,
  standings: readonly WebhookStanding[],
): Promise<void> {
  const stored: StoredStandings = standings.map(({ wanted: { event_type }, state, failure, others }) => {
    const flaws = others.map(({ webhook: { id }, flaw }) => ({ id, flaw }));
    return { event_type, state, failure, others: flaws };
  });
  const row = { partitionKey: HEALTH_PARTITION, rowKey: ROW_KEY, json: JSON.stringify(stored) };
  await tryToWrite((options) => putRow(table, row, options));
}

/**
 * The remembered standings; `undefined` before the app has checked the webhooks, or if the row does not fit the schema.
 *
 * @throws {StorageUnavailable}
 */
export async function rememberedStandings(table: TableClient): Promise<KnownStanding[] | undefined> {
  const row = await readRow<{ json: string }>(table, HEALTH_PARTITION, ROW_KEY);
  const stored = row && readJson(row.json, StoredStandings);
  return stored?.map(({ event_type, ...known }) => ({ wanted: { event_type }, ...known }));
}
