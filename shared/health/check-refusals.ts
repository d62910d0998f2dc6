import type { RefusalReason } from "../receive/refusal-reason.ts";
import type { RefusalCounts } from "../receive/refusals.ts";
import type { Examined } from "./examined.ts";
import { attention, type Finding, ok } from "./finding.ts";
import type { Check } from "./monitor.ts";

export function checkRefusals(app: Pick<Examined, "refusals">): Check {
  return {
    name: "refusals",
    needs: "storage",
    look: async () => judgeRefusals(await app.refusals.lastHour()),
  };
}

/** The meaning of each reason, and the operator's action, in the order of display. */
const MEANINGS: [RefusalReason, status: number, cause: string, action: string][] = [
  [
    "unauthorized",
    401,
    "the password at LiveChat differs",
    "Put LIVECHAT_WEBHOOK_PASSWORD, and with the API v2 LIVECHAT_WEBHOOK_USERNAME, into the URLs of LiveChat's webhooks. With WEBHOOK_BASE_URL set, POST /registration does it.",
  ],
  [
    "forbidden",
    403,
    "the events are of another licence than LIVECHAT_LICENSE_ID",
    "Correct LIVECHAT_LICENSE_ID, or leave it out. If the other licence is not yours, change the webhook's password.",
  ],
  [
    "invalid-input",
    400,
    "the body was not JSON in UTF-8",
    "Check whether a gateway between LiveChat and this app changes the body.",
  ],
  [
    "too-large",
    413,
    "the body was too large",
    "LiveChat cannot deliver these. Read the chats in LiveChat's archives.",
  ],
  [
    "unsupported-media-type",
    415,
    "the body was compressed",
    "Check whether a gateway between LiveChat and this app compresses the body.",
  ],
];

/**
 * Judges the deliveries of the last hour that were refused. Calls without credentials can come from anyone, so they
 * are only counted and do not change the state.
 */
export function judgeRefusals(refused: RefusalCounts): Finding {
  const found = MEANINGS.filter(([reason]) => (refused[reason] ?? 0) > 0);
  const anonymous = refused["no-credentials"] ?? 0;
  const aside = anonymous > 0 ? ` ${countOfCalls(anonymous)} without any credentials in the last hour.` : "";
  if (found.length === 0) {
    return ok(`No delivery was refused in the last hour.${aside}`);
  }
  const details = found.map(([reason, status, cause]) => {
    return `${countOfDeliveries(refused[reason] ?? 0)} refused with ${status} in the last hour: ${cause}.`;
  });
  return attention(details.join(" ") + aside, found.map(([, , , action]) => action).join(" "));
}

const countOfDeliveries = (count: number) => (count === 1 ? "1 delivery" : `${count} deliveries`);
const countOfCalls = (count: number) => (count === 1 ? "1 call came" : `${count} calls came`);
