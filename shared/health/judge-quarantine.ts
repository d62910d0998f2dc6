import type { Finding } from "./monitor.ts";

/** @param more whether there are more than were counted */
export function judgeQuarantine({ count, more }: { count: number; more: boolean }): Finding {
  if (count === 0) return { state: "ok", detail: "The quarantine is empty.", count };
  const deliveries = count === 1 ? "1 delivery was" : `${count}${more ? " or more" : ""} deliveries were`;
  return {
    state: "attention",
    count,
    detail: `${deliveries} not readable and ${count === 1 ? "is" : "are"} kept aside.`,
    action:
      "GET /quarantine has the reasons. After an update that can read them, call POST /quarantine/{id}/replay. DELETE /quarantine/{id} removes one.",
  };
}
