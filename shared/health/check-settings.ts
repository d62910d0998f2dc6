import { SettingsError } from "../core/settings.ts";
import type { Examined } from "./examined.ts";
import { bad, ok } from "./finding.ts";
import type { Check } from "./monitor.ts";

export function checkSettings(app: Pick<Examined, "settings">): Check {
  return {
    name: "settings",
    vital: true,
    freshFor: 0,
    async look() {
      try {
        void app.settings;
      } catch (error) {
        if (!(error instanceof SettingsError)) throw error;
        return bad(
          (error.problems ?? []).map(({ path, message }) => `${path} ${message}.`).join(" "),
          "Correct the app's settings (in Azure: the function app, Settings, Environment variables). The app then restarts by itself. docs/settings.md explains every setting.",
        );
      }
      return ok("All required settings are set and valid.");
    },
  };
}
