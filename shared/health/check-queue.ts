import { originOf, StorageUnavailable } from "../core/errors.ts";
import { MINUTE } from "../core/time.ts";
import type { Examined } from "./examined.ts";
import type { Check } from "./monitor.ts";

/** The queue wakes the app for what the process that stored an event did not deliver. Without it the timer does. */
export function checkQueue(app: Pick<Examined, "queue">): Check {
  return {
    name: "queue",
    vital: false,
    needs: "settings",
    freshFor: MINUTE,
    async look() {
      const { queue } = app;
      if (!queue)
        return { state: "ok", detail: "The settings lead to no queue: the timer wakes deliveries." };
      try {
        await queue.probe();
        return { state: "ok", detail: "The queue that wakes deliveries answers." };
      } catch (error) {
        if (!(error instanceof StorageUnavailable)) throw error;
        const origin = originOf(error);
        return {
          state: "attention",
          detail: `${error.message}${origin === undefined ? "" : ` (${origin})`} Deliveries to subscribers that are to be repeated wait for the timer.`,
          action:
            "Check that the account of the tables has a queue service that admits this app, and give the app's identity the role Storage Queue Data Contributor.",
        };
      }
    },
  };
}
