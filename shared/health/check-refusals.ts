import { plural } from "../core/text.ts";
import { attention, type Finding, ok } from "./finding.ts";
import type { RefusalCounts, RefusalReason } from "./refusals.ts";

type Meaning = { reason: RefusalReason; status: number; cause: string; action: string };

/** The meaning of each reason, and the operator's action, in the order of display. */
const MEANINGS: Meaning[] = [
  {
    reason: "unauthorized",
    status: 401,
    cause: "the password at LiveChat differs",
    action:
      "Put LIVECHAT_WEBHOOK_PASSWORD, and with the API v2 LIVECHAT_WEBHOOK_USERNAME, into the URLs of LiveChat's webhooks. With WEBHOOK_BASE_URL set, POST /registration does it.",
  },
  {
    reason: "forbidden",
    status: 403,
    cause: "the events are of another licence than LIVECHAT_LICENSE_ID",
    action:
      "Correct LIVECHAT_LICENSE_ID, or leave it out. If the other licence is not yours, change the webhook's password.",
  },
  {
    reason: "invalid-input",
    status: 400,
    cause: "the body was not JSON in UTF-8",
    action: "Check whether a gateway between LiveChat and this app changes the body.",
  },
  {
    reason: "too-large",
    status: 413,
    cause: "the body was too large",
    action: "LiveChat cannot deliver these. Read the chats in LiveChat's archives.",
  },
  {
    reason: "unsupported-media-type",
    status: 415,
    cause: "the body was compressed",
    action: "Check whether a gateway between LiveChat and this app compresses the body.",
  },
];

/**
 * Judges the deliveries of the last hour that were refused. Calls without credentials can come from anyone, so they
 * are only counted and do not change the state.
 */
export function judgeRefusals(refused: RefusalCounts): Finding {
  const found = MEANINGS.filter(({ reason }) => (refused[reason] ?? 0) > 0);
  const anonymous = refused["no-credentials"] ?? 0;
  const aside =
    anonymous > 0 ? ` ${plural(anonymous, "call")} came without any credentials in the last hour.` : "";
  if (found.length === 0) {
    return ok(`No delivery was refused in the last hour.${aside}`);
  }
  const details = found.map(({ reason, status, cause }) => {
    const deliveries = plural(refused[reason] ?? 0, "delivery", "deliveries");
    return `${deliveries} refused with ${status} in the last hour: ${cause}.`;
  });
  return attention(details.join(" ") + aside, found.map(({ action }) => action).join(" "));
}
