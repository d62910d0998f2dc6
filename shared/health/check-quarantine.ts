import { plural } from "../core/text.ts";
import { attention, type Finding, ok } from "./finding.ts";

/** @param more true if there are more than `count` deliveries, because counting stops at a limit */
export function judgeQuarantine({ count, more }: { count: number; more: boolean }): Finding {
  if (count === 0) return { ...ok("The quarantine is empty."), count };
  const deliveries = plural(count, "delivery was", `${more ? "or more " : ""}deliveries were`);
  const finding = attention(
    `${deliveries} not readable and ${count === 1 ? "is" : "are"} kept aside.`,
    "GET /quarantine has the reasons. After an update that can read them, call POST /quarantine/{id}/replay. DELETE /quarantine/{id} removes one.",
  );
  return { ...finding, count };
}
