import { MINUTE } from "../core/time.ts";
import { EVENT_TYPES } from "../schemas/webhook.ts";
import { lookAtAddress } from "./check-address.ts";
import { lookAtDeliveries } from "./check-deliveries.ts";
import { checksOfV2 } from "./check-livechat.ts";
import { judgeQuarantine } from "./check-quarantine.ts";
import { lookAtTicketRuns } from "./check-reconciliation.ts";
import { judgeRefusals } from "./check-refusals.ts";
import { lookAtSettings, settingsErrorOf } from "./check-settings.ts";
import { lookAtQueue, lookAtStorage } from "./check-storage.ts";
import { judgeSubscriptions } from "./check-subscriptions.ts";
import { checksOfText } from "./check-text.ts";
import { lookAtTickets } from "./check-tickets.ts";
import type { CheckTools, Examined } from "./examined.ts";
import type { Check } from "./monitor.ts";

/**
 * All checks of the app. A check comes after the one that it needs. The files `check-….ts` read the facts (`lookAt…`)
 * and turn them into a finding (`judge…`).
 */
export function checksOf(app: Examined, tools: CheckTools): Check[] {
  // While a setting is missing or wrong, the API is not known. Then no check of LiveChat runs, of either API.
  const isText = !settingsErrorOf(app) && app.settings.liveChat.api === "text";
  return [
    { name: "settings", vital: true, freshFor: 0, look: async () => lookAtSettings(app) },
    { name: "storage", vital: true, needs: "settings", look: () => lookAtStorage(app) },
    { name: "queue", needs: "settings", freshFor: MINUTE, look: () => lookAtQueue(app) },
    ...(isText ? checksOfText(app, tools) : checksOfV2(app, tools)),
    { name: "tickets", needs: "storage", look: () => lookAtTickets(app) },
    { name: "address", needs: "settings", freshFor: 5 * MINUTE, look: () => lookAtAddress(app) },
    { name: "refusals", needs: "storage", look: async () => judgeRefusals(await app.refusals.lastHour()) },
    ...EVENT_TYPES.map((type) => ({
      name: `deliveries.${type}`,
      needs: "storage",
      freshFor: MINUTE,
      look: () => lookAtDeliveries(app, tools, type),
    })),
    { name: "reconcile", vital: true, needs: "storage", look: () => lookAtTicketRuns(app, tools) },
    {
      name: "subscriptions",
      vital: true,
      needs: "storage",
      look: async () => judgeSubscriptions(await app.subscriptions.list(), tools.now()),
    },
    {
      name: "quarantine",
      needs: "storage",
      look: async () => judgeQuarantine(await app.eventLog.quarantine.count()),
    },
  ];
}
