import { readFileSync } from "node:fs";
import { StartError } from "./start-error.ts";

/**
 * Fills the environment from `Values` of `local.settings.json` in the current directory, as Core Tools does: what is
 * set already stays as it is. A missing file is fine.
 *
 * @throws StartError when the file cannot be used; the message never quotes it, as it holds credentials.
 */
export function loadLocalSettings(env = process.env, path = "local.settings.json"): void {
  const settings = readJsonFile(path);
  if (settings === undefined) return;
  if (settings.IsEncrypted === true) throw new StartError(`${path} is encrypted: func settings decrypt`);
  const values = settings.Values ?? {};
  if (!isObject(values)) throw new StartError(`${path}: Values is not an object`);
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== "string") throw new StartError(`${path}: the value of ${name} is not a string`);
    env[name] ??= value;
  }
}

/** The object in a JSON file, or `undefined` when there is no such file. */
export function readJsonFile(path: string): Record<string, unknown> | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new StartError(`${path} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
  let value: unknown;
  try {
    // Editors on Windows put a byte order mark before it.
    value = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    throw new StartError(`${path} is not valid JSON`);
  }
  if (!isObject(value)) throw new StartError(`${path} is not a JSON object`);
  return value;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
