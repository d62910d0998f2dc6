import type { Examined, Memory } from "./examined.ts";
import { judgeSubscriptions } from "./judge-subscriptions.ts";
import type { Check } from "./monitor.ts";

export function checkSubscriptions(app: Pick<Examined, "subscribers">, { now }: Memory): Check {
  return {
    name: "subscriptions",
    vital: true,
    needs: "storage",
    freshFor: 5_000,
    look: async () => judgeSubscriptions(await app.subscribers.list(), now()),
  };
}
