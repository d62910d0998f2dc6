import type { Deferred } from "../../shared/core/deferred.ts";
import { lazy } from "../../shared/core/lazy.ts";
import { type Settings, SettingsError } from "../../shared/core/settings.ts";
import type { EventLog } from "../../shared/event-log/types.ts";
import { judgeBudget } from "../../shared/health/judge-budget.ts";
import { judgeDeliveries, judgeTicketWebhook } from "../../shared/health/judge-deliveries.ts";
import { judgeLiveChatFailure, judgeStorageFailure } from "../../shared/health/judge-failure.ts";
import { judgeReconciliation } from "../../shared/health/judge-reconciliation.ts";
import { judgeLicence, judgeRegistration } from "../../shared/health/judge-registration.ts";
import { judgeSubscriptions } from "../../shared/health/judge-subscriptions.ts";
import { type Check, cannotBeTold, type Finding } from "../../shared/health/monitor.ts";
import type { Sightings } from "../../shared/health/sightings.ts";
import type { LiveChat } from "../../shared/livechat/live-chat.ts";
import { lastSuccess, readHistory } from "../../shared/reconcile/history.ts";
import { assess, type Registered } from "../../shared/registration/assess.ts";
import { wantedWebhooks } from "../../shared/registration/wanted.ts";
import { EVENT_TYPES } from "../../shared/schemas/webhook.ts";
import type { Subscribers } from "../../shared/subscriptions/subscribers.ts";
import type { TicketStore } from "../../shared/tickets/store/ticket-store.ts";
import { judgeAddress } from "./address.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** What the checks look at. */
export type Watched = {
  readonly settings: Settings;
  readonly liveChat: Pick<Deferred<LiveChat>, "listWebhooks" | "listTickets" | "usage">;
  readonly eventLog: EventLog;
  readonly ticketStore: TicketStore;
  readonly subscribers: Pick<Deferred<Subscribers>, "list">;
};

/** What can be wrong with the app. What a check needs stands before it. */
export function checksOf(services: Watched, sightings: Sightings, now = Date.now): Check[] {
  const installed = () => sightings.since("app", "installed");

  // One call a minute tells of LiveChat, of the credentials, and of the webhooks, whoever asks for what.
  const asked = lazy(() => ({ answer: ask(services) }), { freshFor: MINUTE, now });
  const askLiveChat = () => asked().answer;

  return [
    {
      name: "settings",
      vital: true,
      freshFor: MINUTE,
      look: async () => judgeSettings(services),
    },
    {
      name: "storage",
      vital: true,
      needs: "settings",
      freshFor: 5 * SECOND,
      look: () =>
        services.eventLog
          .probe()
          .then((): Finding => ({ state: "ok", detail: "Table Storage can be written and read." }))
          .catch(judgeStorageFailure),
    },
    {
      name: "livechat",
      vital: true,
      needs: "settings",
      freshFor: 5 * SECOND,
      look: () =>
        askLiveChat()
          .then((): Finding => ({ state: "ok", detail: "LiveChat answers and accepts the credentials." }))
          .catch(judgeLiveChatFailure),
    },
    {
      name: "budget",
      vital: false,
      needs: "settings",
      freshFor: 0,
      look: async () => {
        await askLiveChat().catch(() => {});
        return judgeBudget(await services.liveChat.usage());
      },
    },
    {
      name: "registrations",
      vital: true,
      needs: "livechat",
      freshFor: 5 * SECOND,
      look: async () => {
        const { baseUrl, credentials, licenseId } = services.settings.webhook;
        if (baseUrl === undefined) return judgeNoAddress(services);
        const webhooks = await askLiveChat().catch(() => undefined);
        if (webhooks === undefined) return cannotBeTold("livechat");
        const destination = { baseUrl, credentials };
        const standings = wantedWebhooks(baseUrl).map((wanted) => assess(wanted, webhooks, destination));
        return (
          judgeLicence(webhooks, licenseId) ??
          judgeRegistration(standings, { installed: await installed(), now: now() })
        );
      },
    },
    {
      name: "address",
      vital: false,
      needs: "settings",
      freshFor: 5 * MINUTE,
      look: async () => {
        const { baseUrl } = services.settings.webhook;
        const [wanted] = baseUrl === undefined ? [] : wantedWebhooks(baseUrl);
        if (baseUrl === undefined || !wanted) return { state: "ok", detail: "WEBHOOK_BASE_URL is not set." };
        return judgeAddress(baseUrl, wanted.receiver);
      },
    },
    ...EVENT_TYPES.map(
      (type): Check => ({
        name: `deliveries.${type}`,
        vital: false,
        needs: "storage",
        freshFor: 5 * MINUTE,
        look: async () => {
          const { eventLog, ticketStore } = services;
          const { lastReceived } = await eventLog.head();
          const count = (from: string, to: string) => eventLog.count({ type, from, to });
          const finding = await judgeDeliveries(type, lastReceived[type], { now: now(), count });
          if (type !== "ticket_created" || finding.state !== "ok") return finding;
          return judgeTicketWebhook((await readHistory(ticketStore)).runs) ?? finding;
        },
      }),
    ),
    {
      name: "reconcile",
      vital: true,
      needs: "storage",
      freshFor: 5 * SECOND,
      look: async () => {
        const { settings, ticketStore } = services;
        const reconciliation = {
          ...(await readHistory(ticketStore, { limit: 1 })),
          lastSuccess: await lastSuccess(ticketStore),
          installed: await installed(),
          schedule: settings.ticketsReconcileSchedule,
        };
        return judgeReconciliation(reconciliation, now());
      },
    },
    {
      name: "subscriptions",
      vital: true,
      needs: "storage",
      freshFor: 5 * SECOND,
      look: async () => judgeSubscriptions(await services.subscribers.list(), now()),
    },
    {
      name: "quarantine",
      vital: false,
      needs: "storage",
      freshFor: 5 * SECOND,
      look: async () => {
        const { count, more } = await services.eventLog.quarantine.count();
        if (count === 0) return { state: "ok", detail: "Empty." };
        return {
          state: "attention",
          detail:
            count === 1
              ? "1 delivery was not understood and is kept aside."
              : `${count}${more ? " or more" : ""} deliveries were not understood and are kept aside.`,
          action:
            "See GET /quarantine for the reasons. After an update that understands them POST /quarantine/{id}/replay; what is of no use DELETE /quarantine/{id}.",
        };
      },
    },
  ];
}

/** The webhooks, when this app is to keep them. Otherwise the key need not be good for that. */
async function ask({ settings, liveChat }: Watched): Promise<Registered[] | undefined> {
  if (settings.webhook.baseUrl !== undefined) return liveChat.listWebhooks();
  await liveChat.listTickets({ page: 1 });
  return undefined;
}

function judgeSettings(services: Watched): Finding {
  try {
    void services.settings;
    return { state: "ok", detail: "All settings that the app needs are there and can be read." };
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return {
      state: "bad",
      detail: (error.problems ?? []).map(({ path, message }) => `${path} ${message}.`).join(" "),
      action:
        "Put it right in the app's settings (in Azure: the function app, Settings, Environment variables); the app starts anew by itself. The README says what each setting means.",
    };
  }
}

async function judgeNoAddress({ eventLog }: Watched): Promise<Finding> {
  // What the log cannot tell right now is no matter here.
  const events = await eventLog.head().then(
    ({ seq }) => seq,
    () => undefined,
  );
  if (events !== 0)
    return { state: "ok", detail: "WEBHOOK_BASE_URL is not set: webhooks are registered by hand." };
  return {
    state: "attention",
    detail: "WEBHOOK_BASE_URL is not set, and no event has ever come.",
    action:
      "Set WEBHOOK_BASE_URL to this app's address, so that it registers LiveChat's webhooks itself, or register all three by hand as the README says.",
  };
}
