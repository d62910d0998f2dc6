import { chatRecords } from "../chats/chat-records.ts";
import { lastSuccess, readHistory } from "../reconcile/history.ts";
import { TEXT_API_VERSION } from "../schemas/from-text-chat.ts";
import type { Examined, ExaminedText, Memory } from "./examined.ts";
import { judgeBudget } from "./judge-budget.ts";
import { judgeReconciliation, runsADay } from "./judge-reconciliation.ts";
import { judgeNoAddress, judgeRegistration } from "./judge-registration.ts";
import { judgeBilling, judgeLastCall, judgeVersion } from "./judge-text.ts";
import type { Check, Finding } from "./monitor.ts";

/** The checks of LiveChat where its calls are billed: they make none, and judge by those that the app's work makes. */
export function checksOfText(app: Examined, text: ExaminedText, { sightings, now }: Memory): Check[] {
  const check = (name: string, vital: boolean, look: () => Promise<Finding>): Check => {
    return { name, vital, needs: "storage", freshFor: 5_000, look };
  };
  const installed = async () => (await sightings.see("app", "installed")).since;
  const schedule = () => app.settings.chatsReconcileSchedule;
  return [
    check("livechat", true, async () => judgeLastCall(await text.calls.last())),
    { ...check("budget", false, async () => judgeBudget(await app.liveChat.usage())), freshFor: 0 },
    check("registrations", true, async () => {
      const { baseUrl } = app.settings.webhook;
      if (baseUrl === undefined) return judgeNoAddress((await app.eventLog.head()).seq);
      const standings = await text.standings(baseUrl);
      if (standings) return judgeRegistration(standings, { installed: await installed(), now: now() });
      return {
        state: "attention",
        detail: "The webhooks have not been looked at yet.",
        action: "The timer does it within a quarter of an hour; POST /registration does it now.",
      };
    }),
    check("billing", false, async () =>
      judgeBilling(await text.calls.thisMonth(), {
        runsADay: await runsADay(schedule(), now()),
        isRegistering: app.settings.webhook.baseUrl !== undefined,
      }),
    ),
    check("version", false, async () => judgeVersion(TEXT_API_VERSION, await text.calls.lifecycle())),
    check("reconcile.chats", true, async () => {
      const records = chatRecords(text.table);
      const reconciliation = {
        ...(await readHistory(records, { limit: 1 })),
        lastSuccess: await lastSuccess(records),
        installed: await installed(),
        schedule: schedule(),
      };
      return judgeReconciliation(reconciliation, now(), {
        setting: "CHATS_RECONCILE_SCHEDULE",
        timer: "ReconcileChatsTimer",
        path: "/reconcile/chats",
        records: "the log of the app",
      });
    }),
  ];
}
