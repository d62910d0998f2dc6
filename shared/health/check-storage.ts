import type { Examined } from "./examined.ts";
import { judgeStorageFailure } from "./judge-failure.ts";
import type { Check } from "./monitor.ts";

export function checkStorage(app: Pick<Examined, "eventLog">): Check {
  return {
    name: "storage",
    vital: true,
    needs: "settings",
    freshFor: 5_000,
    look: () =>
      app.eventLog
        .probe()
        .then(() => ({ state: "ok", detail: "Table Storage can be written and read." }) as const)
        .catch(judgeStorageFailure),
  };
}
