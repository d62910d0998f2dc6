import { SettingsError } from "../core/settings.ts";
import type { Examined } from "./examined.ts";
import type { Check, Finding } from "./monitor.ts";

export function checkSettings(app: Pick<Examined, "settings">): Check {
  return {
    name: "settings",
    vital: true,
    freshFor: 0,
    look: async () => {
      try {
        void app.settings;
        return { state: "ok", detail: "All required settings are set and valid." };
      } catch (error) {
        return judgeSettingsError(error);
      }
    },
  };
}

/** @throws what is no {@link SettingsError} */
function judgeSettingsError(error: unknown): Finding {
  if (!(error instanceof SettingsError)) throw error;
  return {
    state: "bad",
    detail: (error.problems ?? []).map(({ path, message }) => `${path} ${message}.`).join(" "),
    action:
      "Correct the app's settings (in Azure: the function app, Settings, Environment variables). The app then restarts by itself. docs/ describes every setting.",
  };
}
