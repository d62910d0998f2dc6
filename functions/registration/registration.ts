import { AppError, Conflict } from "../../shared/core/errors.ts";
import { rememberStandings } from "../../shared/health/registration-memory.ts";
import type { Priority } from "../../shared/livechat/live-chat.ts";
import type { WebhookStanding } from "../../shared/registration/assess.ts";
import type { Ensured } from "../../shared/registration/ensure.ts";
import { requireReachable } from "../../shared/registration/wanted.ts";
import {
  type AccountWebhooks,
  ensureAll,
  type WebhookService,
  webhookServices,
} from "../../shared/registration/webhook-services.ts";
import { openKnownTickets } from "../../shared/tickets/known-tickets.ts";
import { reconcileTicketsOf } from "../reconcile/run-tickets.ts";
import type { Services } from "../services.ts";

/** Milliseconds for the first reading of HelpDesk's tickets. The timer continues a longer reading. */
const FIRST_READING_BUDGET = 10_000;

/**
 * The services that send our webhooks: LiveChat, and HelpDesk on the Text platform.
 *
 * @throws {Conflict} when WEBHOOK_BASE_URL is not set
 */
export function registrationOf(services: Services, priority?: Priority): WebhookService[] {
  const { liveChat, settings } = services;
  const { baseUrl, credentials } = settings.webhook;
  if (baseUrl === undefined) {
    throw new Conflict("WEBHOOK_BASE_URL is not set: the app does not know its own address.");
  }
  const { api } = settings.liveChat;
  const hasHelpDesk = settings.liveChat.api === "text" && settings.liveChat.helpDeskUrl !== undefined;
  const account: AccountWebhooks = {
    listWebhooks: () => liveChat.listWebhooks({ priority }),
    listTicketWebhooks: () => liveChat.listTicketWebhooks({ priority }),
    async createWebhook(webhook) {
      if (hasHelpDesk && webhook.event_type === "ticket_created") await readExistingTickets(services);
      return liveChat.createWebhook(webhook, { priority });
    },
    deleteWebhook: (id) => liveChat.deleteWebhook(id, { priority }),
    areWebhooksOn: () => liveChat.areWebhooksOn({ priority }),
    turnWebhooksOn: () => liveChat.turnWebhooksOn({ priority }),
  };
  return webhookServices(account, { baseUrl, credentials, api }, { hasHelpDesk });
}

/**
 * Reads the list of HelpDesk's tickets before the first registration of HelpDesk's webhook. The app then knows which
 * announced tickets are new. A failure of this reading does not stop the registration.
 */
async function readExistingTickets(services: Services): Promise<void> {
  try {
    if (await openKnownTickets(services.ticketStore).watch()) return;
    await reconcileTicketsOf(services, {
      holder: "the registration of webhooks",
      budgetMs: FIRST_READING_BUDGET,
    });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
}

/**
 * Registers the webhooks of this app at LiveChat, and remembers their state.
 *
 * @throws {Conflict} when WEBHOOK_BASE_URL is not set, or is an address that LiveChat cannot reach
 */
export async function ensureOurs(services: Services, priority?: Priority): Promise<Ensured> {
  const webhooks = registrationOf(services, priority);
  const { webhook, liveChat } = services.settings;
  if (webhook.baseUrl !== undefined) requireReachable(webhook.baseUrl, liveChat.url);
  const ensured = await ensureAll(webhooks);
  await remember(services, ensured.standings);
  return ensured;
}

/** Remembers the state of the webhooks for the Text platform's checks, which must not call LiveChat. Never fails. */
export async function remember(
  { settings, eventsTable }: Services,
  standings: readonly WebhookStanding[],
): Promise<void> {
  if (settings.liveChat.api === "text") await rememberStandings(eventsTable, standings);
}
