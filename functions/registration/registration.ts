import { Conflict } from "../../shared/core/errors.ts";
import type { Priority } from "../../shared/livechat/live-chat.ts";
import { type Ensured, ensureRegistration, type Webhooks } from "../../shared/registration/ensure.ts";
import { type Destination, requireReachable } from "../../shared/registration/wanted.ts";
import type { Services } from "../services.ts";

/**
 * Where our webhooks are registered and where they are to lead.
 *
 * @throws {Conflict} when WEBHOOK_BASE_URL is not set
 */
export async function registrationOf(
  { liveChat, settings }: Pick<Services, "liveChat" | "settings">,
  priority?: Priority,
): Promise<[Webhooks, Destination]> {
  const { baseUrl, credentials } = settings.webhook;
  if (baseUrl === undefined) {
    throw new Conflict("WEBHOOK_BASE_URL is not set: the app does not know its own address.");
  }
  const webhooks: Webhooks = {
    listWebhooks: () => liveChat.listWebhooks({ priority }),
    createWebhook: (webhook) => liveChat.createWebhook(webhook, { priority }),
    deleteWebhook: (id) => liveChat.deleteWebhook(id, { priority }),
    areWebhooksOn: () => liveChat.areWebhooksOn({ priority }),
    turnWebhooksOn: () => liveChat.turnWebhooksOn({ priority }),
  };
  const tickets = (await liveChat.ticketsState({ priority })) === "here";
  return [webhooks, { baseUrl, credentials, api: settings.liveChat.api, tickets }];
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
  const [webhooks, destination] = await registrationOf(services, priority);
  requireReachable(destination.baseUrl, services.settings.liveChat.url);
  const ensured = await ensureRegistration(webhooks, destination);
  await services.rememberStandings(ensured.standings);
  return ensured;
}
