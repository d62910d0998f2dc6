import { TooManyRequests } from "../core/errors.ts";
import { lazy } from "../core/lazy.ts";
import type { Webhook } from "../livechat/live-chat.ts";
import { assessAll } from "../registration/assess.ts";
import type { Examined, Memory } from "./examined.ts";
import { judgeBudget } from "./judge-budget.ts";
import { judgeLiveChatFailure } from "./judge-failure.ts";
import { judgeLicence, judgeNoAddress, judgeRegistration } from "./judge-registration.ts";
import { type Check, cannotBeTold, type Finding } from "./monitor.ts";

const MINUTE = 60_000;
/** Below the limit of a check, so that a LiveChat that hangs or throttles is what the check says. In milliseconds. */
const PATIENCE = 4_000;

/**
 * The checks that need LiveChat. They share one call a minute, which shows LiveChat, the credentials and the webhooks:
 * `GET /health` is open to anyone, and its callers must not use up the limit.
 */
export function checksOfLiveChat(app: Examined, memory: Memory): Check[] {
  // In an object, so that a failure is kept as well.
  const share = () => lazy(() => ({ answer: askLiveChat(app) }), { freshFor: MINUTE, now: memory.now });
  let shared = share();
  const answer = () => shared().answer;
  return [
    {
      name: "livechat",
      vital: true,
      needs: "settings",
      freshFor: 5_000,
      look: () =>
        answer().then(
          () => judgeAnswer(memory),
          (error) => judgeFailure(memory, error),
        ),
      forget: () => {
        shared = share();
      },
    },
    {
      name: "budget",
      vital: false,
      needs: "settings",
      freshFor: 0,
      look: async () => {
        await answer().catch(() => {});
        return judgeBudget(await app.liveChat.usage());
      },
    },
    {
      name: "registrations",
      vital: true,
      needs: "livechat",
      freshFor: 5_000,
      look: () => lookAtRegistrations(app, memory, answer),
    },
  ];
}

/** The account's webhooks, when this app registers them. Otherwise the key need not be allowed to list them. */
async function askLiveChat({ settings, liveChat }: Examined): Promise<Webhook[] | undefined> {
  const call = { deadline: Date.now() + PATIENCE };
  if (settings.webhook.baseUrl !== undefined) return liveChat.listWebhooks(call);
  if (settings.liveChat.api === "v2") await liveChat.findTickets({}, { page: 1, skip: 0, limit: 1 }, call);
  else await liveChat.listAgents({}, call);
  return undefined;
}

async function judgeAnswer({ sightings }: Memory): Promise<Finding> {
  await sightings.see("livechat.throttled", "no");
  return { state: "ok", detail: "LiveChat answers and accepts the credentials." };
}

async function judgeFailure({ sightings, now }: Memory, error: unknown): Promise<Finding> {
  if (!(error instanceof TooManyRequests)) return judgeLiveChatFailure(error);
  const { since } = await sightings.see("livechat.throttled", "yes");
  return judgeLiveChatFailure(error, { since, now: now() });
}

async function lookAtRegistrations(
  app: Examined,
  { sightings, now }: Memory,
  answer: () => Promise<Webhook[] | undefined>,
): Promise<Finding> {
  const { baseUrl, credentials, licenseId } = app.settings.webhook;
  if (baseUrl === undefined) return judgeNoAddress(await countEvents(app));
  const webhooks = await answer().catch(() => undefined);
  if (webhooks === undefined) return cannotBeTold("livechat");
  const standings = assessAll(webhooks, { baseUrl, credentials, api: app.settings.liveChat.api });
  const { since: installed } = await sightings.see("app", "installed");
  return judgeLicence(webhooks, licenseId) ?? judgeRegistration(standings, { installed, now: now() });
}

/** How many events the log has; `undefined` while storage fails, which is another check's matter. */
function countEvents({ eventLog }: Examined): Promise<number | undefined> {
  return eventLog.head().then(
    ({ seq }) => seq,
    () => undefined,
  );
}
