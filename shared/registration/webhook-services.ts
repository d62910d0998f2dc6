import { AppError, NoHelpDesk } from "../core/errors.ts";
import type { WebhookStanding } from "./assess.ts";
import { type Ensured, ensureRegistration, inspect, removeRegistration, type Webhooks } from "./ensure.ts";
import { type WebhookTarget, wantedWebhooks } from "./wanted.ts";

/** The calls of an account that the registration needs. */
export type AccountWebhooks = Webhooks & {
  /** The webhooks of HelpDesk, which LiveChat does not list. */
  listTicketWebhooks: Webhooks["listWebhooks"];
};

/** A service that sends webhooks: LiveChat, and with the Text platform also HelpDesk. */
export type WebhookService = {
  webhooks: Webhooks;
  target: WebhookTarget;
  /**
   * True for HelpDesk: if it fails, its webhooks get the state `failed` and the call succeeds for the others.
   */
  isOptional: boolean;
};

/** @param hasHelpDesk whether HelpDesk sends the webhook of tickets; with v2 LiveChat sends it */
export function webhookServices(
  account: AccountWebhooks,
  target: WebhookTarget,
  { hasHelpDesk }: { hasHelpDesk: boolean },
): WebhookService[] {
  if (target.api !== "text") return [{ webhooks: account, target, isOptional: false }];
  const { listTicketWebhooks: listWebhooks, createWebhook, deleteWebhook } = account;
  const liveChat: WebhookService = {
    webhooks: account,
    target: { ...target, events: ["chat_started", "chat_ended"] },
    isOptional: false,
  };
  const helpDesk: WebhookService = {
    webhooks: { listWebhooks, createWebhook, deleteWebhook },
    target: { ...target, events: ["ticket_created"] },
    isOptional: true,
  };
  return hasHelpDesk ? [liveChat, helpDesk] : [liveChat];
}

/** The state of each wanted webhook. @throws the error of a service that is not optional */
export async function inspectAll(services: readonly WebhookService[]): Promise<WebhookStanding[]> {
  const all = await forEachService(services, (service) =>
    inspect(service.webhooks, service.target).catch((error) => failed(service, error)),
  );
  return all.flat();
}

/** Registers the webhooks of all services. @throws the error of a service that is not optional */
export async function ensureAll(services: readonly WebhookService[]): Promise<Ensured> {
  const all = await forEachService(services, (service) =>
    ensureRegistration(service.webhooks, service.target).catch(
      (error): Ensured => ({ standings: failed(service, error), created: 0, removed: 0 }),
    ),
  );
  return all.reduce((one, other) => ({
    standings: [...one.standings, ...other.standings],
    created: one.created + other.created,
    removed: one.removed + other.removed,
  }));
}

/**
 * Removes all webhooks of this app from every service that can be reached, and returns their number. An account
 * without HelpDesk has no webhooks there.
 *
 * @throws the error of the first service that failed
 */
export async function removeAll(services: readonly WebhookService[]): Promise<number> {
  const removed = await forEachService(services, ({ webhooks, target }) =>
    removeRegistration(webhooks, target).catch((error) => {
      if (error instanceof NoHelpDesk) return 0;
      throw error;
    }),
  );
  return removed.reduce((one, other) => one + other);
}

/** Does the work for each service, also after another service failed. @throws the error of the first service that failed */
async function forEachService<Value>(
  services: readonly WebhookService[],
  work: (service: WebhookService) => Promise<Value>,
): Promise<Value[]> {
  const settled = await Promise.allSettled(services.map(work));
  return settled.map((one) => {
    if (one.status === "rejected") throw one.reason;
    return one.value;
  });
}

/** @throws the error, unless it is a failure of an optional service */
function failed({ target, isOptional }: WebhookService, error: unknown): WebhookStanding[] {
  if (!isOptional || !(error instanceof AppError)) throw error;
  const { message: failure } = error;
  return wantedWebhooks(target).map((wanted) => ({ wanted, state: "failed", others: [], failure }));
}
