import { Conflict } from "../../shared/core/errors.ts";
import type { Priority } from "../../shared/livechat/live-chat.ts";
import type { Ensured } from "../../shared/registration/ensure.ts";
import {
  type AccountWebhooks,
  ensureAll,
  type WebhookService,
  webhookServices,
} from "../../shared/registration/services.ts";
import { requireReachable } from "../../shared/registration/wanted.ts";
import type { Services } from "../services.ts";

/**
 * Where our webhooks are registered and where they are to lead.
 *
 * @throws {Conflict} when WEBHOOK_BASE_URL is not set
 */
export function registrationOf(
  { liveChat, settings }: Pick<Services, "liveChat" | "settings">,
  priority?: Priority,
): WebhookService[] {
  const { baseUrl, credentials } = settings.webhook;
  if (baseUrl === undefined) {
    throw new Conflict("WEBHOOK_BASE_URL is not set: the app does not know its own address.");
  }
  const account: AccountWebhooks = {
    listWebhooks: () => liveChat.listWebhooks({ priority }),
    listTicketWebhooks: () => liveChat.listTicketWebhooks({ priority }),
    createWebhook: (webhook) => liveChat.createWebhook(webhook, { priority }),
    deleteWebhook: (id) => liveChat.deleteWebhook(id, { priority }),
    areWebhooksOn: () => liveChat.areWebhooksOn({ priority }),
    turnWebhooksOn: () => liveChat.turnWebhooksOn({ priority }),
  };
  const { api } = settings.liveChat;
  const hasHelpDesk = settings.liveChat.api === "text" && settings.liveChat.helpDeskUrl !== undefined;
  return webhookServices(account, { baseUrl, credentials, api }, { hasHelpDesk });
}

/**
 * Makes LiveChat's webhooks lead to this app.
 *
 * @throws {Conflict} when WEBHOOK_BASE_URL is not set, or is an address that LiveChat cannot reach
 */
export async function ensureOurs(
  services: Pick<Services, "liveChat" | "settings" | "rememberStandings">,
  priority?: Priority,
): Promise<Ensured> {
  const webhooks = registrationOf(services, priority);
  const { webhook, liveChat } = services.settings;
  if (webhook.baseUrl !== undefined) requireReachable(webhook.baseUrl, liveChat.url);
  const ensured = await ensureAll(webhooks);
  await services.rememberStandings(ensured.standings);
  return ensured;
}
