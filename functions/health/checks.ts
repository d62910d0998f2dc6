import { type Check, remember } from "../../shared/health/checks.ts";
import { lastSuccess } from "../../shared/reconcile/history.ts";
import { examine } from "../../shared/subscriptions/examine.ts";
import type { Services } from "../services.ts";

/** What can be wrong with the app, each thing by the one look that finds it out. */
export function checksOf(services: Services, now = Date.now): Check[] {
  const started = now();
  return [
    {
      name: "storage",
      look: remember(async () => {
        await services.eventLog.probe();
        return { state: "ok", detail: "Table Storage can be written and read." };
      }, 5_000),
    },
    {
      name: "livechat",
      look: remember(async () => {
        await services.liveChat.listTickets({ page: 1 });
        return { state: "ok", detail: "LiveChat answers and accepts the credentials." };
      }, 60_000),
    },
    {
      name: "reconcile",
      look: async () => {
        const last = await lastSuccess(services.ticketStore);
        const overdue = await isOverdue(
          services.settings.ticketsReconcileSchedule,
          last ? Date.parse(last) : started,
          now(),
        );
        return {
          state: overdue ? "bad" : "ok",
          detail: `${last ? `The last run that succeeded ended at ${last}` : "No run has succeeded yet"}${overdue ? ", more than three periods ago" : ""}.`,
        };
      },
    },
    {
      name: "subscriptions",
      look: remember(async () => examine(await services.subscribers.list(), now()), 5_000),
    },
    {
      name: "quarantine",
      look: async () => {
        const { count, more } = await services.eventLog.quarantine.count();
        return {
          state: count > 0 ? "attention" : "ok",
          detail:
            count > 0
              ? `${count}${more ? " or more" : ""} deliveries were not understood: see GET /quarantine.`
              : "Empty.",
        };
      },
    },
  ];
}

/** Whether the timer should have run three times since then. Its schedule is in UTC. */
async function isOverdue(schedule: string, since: number, now: number): Promise<boolean> {
  const { Cron } = await import("croner");
  const third = new Cron(schedule, { timezone: "UTC" }).nextRuns(3, new Date(since)).at(2);
  return third !== undefined && third.valueOf() < now;
}
