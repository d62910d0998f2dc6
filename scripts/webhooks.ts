import { loadLocalSettings } from "../local/host/local-settings.ts";
import { readSettings, SettingsError } from "../shared/core/settings.ts";
import { openLiveChat } from "../shared/livechat/open-live-chat.ts";
import { describeStanding } from "../shared/registration/describe.ts";
import { requireReachable } from "../shared/registration/wanted.ts";
import {
  ensureAll,
  inspectAll,
  removeAll,
  webhookServices,
} from "../shared/registration/webhook-services.ts";

/**
 * Manages the app's webhooks from a terminal, without the app. It needs LiveChat's credentials, the webhook's
 * credentials and WEBHOOK_BASE_URL, from the environment or local.settings.json.
 */
const USAGE = `npm run webhooks -- status    lists the account's webhooks for WEBHOOK_BASE_URL; fails unless all are ok
npm run webhooks -- ensure    registers each of them exactly once
npm run webhooks -- remove    removes them; other webhooks of the account stay`;

try {
  process.exitCode = await main(process.argv[2]);
} catch (error) {
  // The app's errors have messages for people; no other errors are expected.
  console.error(`webhooks: ${error instanceof Error ? error.message : error}`);
  if (error instanceof SettingsError)
    console.error(
      "This command is for a LiveChat account. The sandbox of npm start has its webhooks already.",
    );
  process.exitCode = 1;
}

async function main(command: string | undefined): Promise<number> {
  if (command !== "status" && command !== "ensure" && command !== "remove") {
    console.error(USAGE);
    return 2;
  }
  loadLocalSettings();
  // Storage is a required setting, but not used here.
  const { liveChat, webhook } = readSettings({
    LiveChatStorage: "UseDevelopmentStorage=true",
    ...process.env,
  });
  const { baseUrl, credentials } = webhook;
  if (!baseUrl)
    throw new Error("WEBHOOK_BASE_URL is not set. It is the address where LiveChat reaches the app.");
  const { liveChat: account } = await openLiveChat(liveChat);
  const hasHelpDesk = liveChat.api === "text" && liveChat.helpDeskUrl !== undefined;
  const services = webhookServices(account, { baseUrl, credentials, api: liveChat.api }, { hasHelpDesk });

  if (command === "remove") {
    console.log(`removed ${await removeAll(services)}`);
    return 0;
  }
  if (command === "ensure") {
    requireReachable(baseUrl, liveChat.url);
    const { created, removed } = await ensureAll(services);
    console.log(`registered ${created}, removed ${removed}`);
  }
  const standings = await inspectAll(services);
  const listed = [
    await account.listWebhooks(),
    hasHelpDesk ? await account.listTicketWebhooks().catch(() => []) : [],
  ].flat();
  let ours = 0;
  for (const { event_type, state, url, detail, webhooks } of standings.map(describeStanding)) {
    ours += webhooks.length;
    console.log(`${event_type.padEnd(16)}${state.padEnd(12)}${url}\n  ${detail}`);
    for (const { id, state } of webhooks) console.log(`  ${id}  ${state}`);
  }
  console.log(`${listed.length - ours} other webhooks in the account, which stay`);
  return standings.every(({ state }) => state === "ok" || state === "unverified") ? 0 : 1;
}
