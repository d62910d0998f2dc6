import { SettingsError } from "../core/settings.ts";
import type { Examined } from "./examined.ts";
import { bad, type Finding, ok } from "./finding.ts";

export function lookAtSettings(app: Examined): Finding {
  const error = settingsErrorOf(app);
  if (!error) return ok("All required settings are set and valid.");
  return bad(
    (error.problems ?? []).map(({ path, message }) => `${path} ${message}.`).join(" "),
    "Correct the app's settings (in Azure: the function app, Settings, Environment variables). The app then restarts by itself. docs/settings.md explains every setting.",
  );
}

/** The error of reading the settings while one is missing or wrong. */
export function settingsErrorOf(app: Examined): SettingsError | undefined {
  try {
    void app.settings;
    return undefined;
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
}
