import type { Examined } from "./examined.ts";
import { attention, ok } from "./finding.ts";
import type { Check } from "./monitor.ts";

export function checkQuarantine(app: Pick<Examined, "eventLog">): Check {
  return {
    name: "quarantine",
    needs: "storage",
    async look() {
      const { count, more } = await app.eventLog.quarantine.count();
      if (count === 0) return { ...ok("The quarantine is empty."), count };
      const deliveries = count === 1 ? "1 delivery was" : `${count}${more ? " or more" : ""} deliveries were`;
      const finding = attention(
        `${deliveries} not readable and ${count === 1 ? "is" : "are"} kept aside.`,
        "GET /quarantine has the reasons. After an update that can read them, call POST /quarantine/{id}/replay. DELETE /quarantine/{id} removes one.",
      );
      return { ...finding, count };
    },
  };
}
