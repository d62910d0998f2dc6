import { SettingsError } from "../core/settings.ts";
import type { Examined } from "./examined.ts";
import { bad, type Finding, ok } from "./finding.ts";

export function lookAtSettings(app: Examined): Finding {
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
}
