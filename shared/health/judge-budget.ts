import type { Finding } from "./monitor.ts";

/** The part of the limit above which operators' calls may have to wait. */
const NEARLY = 0.9;

/** Judges how many of its calls to LiveChat this instance has used in the last minute. */
export function judgeBudget(usage: {
  limit: number;
  used: number;
  waiting: number;
  pausedFor: number;
}): Finding {
  const { limit, used, waiting, pausedFor } = usage;
  const said = `This instance has made ${used} of the ${limit} calls that it may make in a minute${waiting > 0 ? `; ${waiting} more wait` : ""}.`;
  if (pausedFor > 0) {
    return {
      state: "attention",
      detail: `LiveChat's rate limit is used up; the app makes no calls for another ${Math.ceil(pausedFor / 1000)} s. ${said}`,
      action:
        "Find other programs that call LiveChat with this account. LIVECHAT_RATE_LIMIT applies to each instance: lower it if there are several.",
    };
  }
  if (used < limit * NEARLY) return { state: "ok", detail: said };
  return {
    state: "attention",
    detail: said,
    action:
      "Find the callers that use the most; calls now wait or are answered 429. If LiveChat allows the account more, raise LIVECHAT_RATE_LIMIT.",
  };
}
