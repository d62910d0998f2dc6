import type { TableClient } from "@azure/data-tables";
import { loadLocalSettings } from "../../local/host/local-settings.ts";
import type { Credential } from "../../shared/core/managed-identity.ts";
import { readSettings } from "../../shared/core/settings.ts";
import { openTable } from "../../shared/storage/open-table.ts";

export type Tables = { events: TableClient; tickets: TableClient; subscriptions: TableClient };

/** Milliseconds for a request: a full page of large rows takes longer than the app's limit. */
const TIME_LIMIT = 60_000;

/**
 * Opens the tables that the settings name: with a connection string, or with the sign-in of the Azure Developer CLI or the
 * Azure CLI.
 *
 * @throws {SettingsError} when no storage is set
 */
export async function openTables(): Promise<Tables> {
  loadLocalSettings();
  // LiveChat's settings are required, but not used here.
  const unused = {
    LIVECHAT_API: "v2",
    LIVECHAT_USERNAME: "-",
    LIVECHAT_API_KEY: "-",
    LIVECHAT_WEBHOOK_USERNAME: "-",
    LIVECHAT_WEBHOOK_PASSWORD: "-",
    LIVECHAT_WEBHOOK_PASSWORD_PREVIOUS: "",
  };
  const { storage, tables } = readSettings({ ...process.env, ...unused });
  const credential = "uri" in storage ? await signedIn() : undefined;
  const open = (name: string) => openTable(storage, name, { timeLimit: TIME_LIMIT, credential });
  return {
    events: open(tables.events),
    tickets: open(tables.tickets),
    subscriptions: open(tables.subscriptions),
  };
}

async function signedIn(): Promise<Credential> {
  const { AzureCliCredential, AzureDeveloperCliCredential, ChainedTokenCredential } = await import(
    "@azure/identity"
  );
  return new ChainedTokenCredential(new AzureDeveloperCliCredential(), new AzureCliCredential());
}
