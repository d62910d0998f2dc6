import { lastSuccess, readHistory } from "../reconcile/history.ts";
import { EVENT_TYPES } from "../schemas/webhook.ts";
import type { Examined, Memory } from "./examined.ts";
import { judgeDeliveries, judgeTicketWebhook } from "./judge-deliveries.ts";
import { judgeQuarantine } from "./judge-quarantine.ts";
import { judgeReconciliation } from "./judge-reconciliation.ts";
import { judgeRefusals } from "./judge-refusals.ts";
import type { Check } from "./monitor.ts";

/** One check for each type of event. */
export function checkDeliveries(app: Pick<Examined, "eventLog" | "ticketStore">, { now }: Memory): Check[] {
  return EVENT_TYPES.map((type) => ({
    name: `deliveries.${type}`,
    vital: false,
    needs: "storage",
    freshFor: 5 * 60_000,
    look: async () => {
      const { lastReceived } = await app.eventLog.head();
      const count = (from: string, to: string) => app.eventLog.count({ type, from, to });
      const finding = await judgeDeliveries(type, lastReceived[type], { now: now(), count });
      if (type !== "ticket_created" || finding.state !== "ok") return finding;
      return judgeTicketWebhook((await readHistory(app.ticketStore)).runs) ?? finding;
    },
  }));
}

export function checkRefusals(app: Pick<Examined, "refusals">): Check {
  return {
    name: "refusals",
    vital: false,
    needs: "storage",
    freshFor: 5_000,
    look: async () => judgeRefusals(await app.refusals.lastHour()),
  };
}

export function checkReconciliation(
  app: Pick<Examined, "settings" | "ticketStore">,
  { sightings, now }: Memory,
): Check {
  return {
    name: "reconcile",
    vital: true,
    needs: "storage",
    freshFor: 5_000,
    look: async () => {
      const { liveChat } = app.settings;
      if (liveChat.api === "text" && liveChat.helpDeskUrl === undefined) {
        return { state: "ok", detail: "HELPDESK is off: there are no tickets to reconcile." };
      }
      const { since: installed } = await sightings.see("app", "installed");
      const reconciliation = {
        ...(await readHistory(app.ticketStore, { limit: 1 })),
        lastSuccess: await lastSuccess(app.ticketStore),
        installed,
        schedule: app.settings.ticketsReconcileSchedule,
      };
      return judgeReconciliation(reconciliation, now());
    },
  };
}

export function checkQuarantine(app: Pick<Examined, "eventLog">): Check {
  return {
    name: "quarantine",
    vital: false,
    needs: "storage",
    freshFor: 5_000,
    look: async () => judgeQuarantine(await app.eventLog.quarantine.count()),
  };
}
