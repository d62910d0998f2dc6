import { isLoopback } from "../core/loopback.ts";
import { PROBE_AGENT } from "../receive/refusal-reason.ts";
import { wantedWebhooks } from "../registration/wanted.ts";
import type { Examined } from "./examined.ts";
import { judgeProbe, judgeReach, type Probe } from "./judge-address.ts";
import type { Check, Finding } from "./monitor.ts";

/** In milliseconds; less than a check may take. */
const TIME_LIMIT = 4_000;

/** Checks that WEBHOOK_BASE_URL reaches this app. */
export function checkAddress(app: Pick<Examined, "settings">): Check {
  return {
    name: "address",
    vital: false,
    needs: "settings",
    freshFor: 5 * 60_000,
    look: async (): Promise<Finding> => {
      const { webhook, liveChat } = app.settings;
      const { baseUrl } = webhook;
      const [wanted] = baseUrl === undefined ? [] : wantedWebhooks(baseUrl, liveChat.api);
      if (baseUrl === undefined || !wanted) return { state: "ok", detail: "WEBHOOK_BASE_URL is not set." };
      return (
        judgeReach({ baseIsLocal: isLoopback(baseUrl), liveChatIsLocal: isLoopback(liveChat.url) }) ??
        judgeProbe(baseUrl, await probe(wanted.receiver))
      );
    },
  };
}

/** Calls a receiver without credentials: this app answers 401, in its own words. */
async function probe(receiver: string): Promise<Probe> {
  try {
    const { status, headers, body } = await fetch(receiver, {
      method: "POST",
      headers: { "user-agent": PROBE_AGENT },
      redirect: "manual",
      signal: AbortSignal.timeout(TIME_LIMIT),
    });
    await body?.cancel();
    return { status, type: headers.get("content-type") };
  } catch (error) {
    const { cause, name } = error as Error;
    return { reason: cause instanceof Error && "code" in cause ? String(cause.code) : name };
  }
}
