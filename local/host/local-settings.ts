import { readFileSync } from "node:fs";
import { isObject } from "../../shared/core/values.ts";
import { StartError } from "./start-error.ts";

/**
 * Sets the unset variables of the environment from `local.settings.json` in the current directory, as Core Tools does. The
 * file may be missing.
 *
 * @throws StartError when the file cannot be used
 */
export function loadLocalSettings(env = process.env, path?: string): void {
  for (const [name, value] of Object.entries(readLocalSettings(path) ?? {})) env[name] ??= value;
}

/**
 * `Values` of `local.settings.json` in the current directory; `undefined` without the file.
 *
 * @throws StartError when the file cannot be used; the message never quotes the file, because it has credentials
 */
export function readLocalSettings(path = "local.settings.json"): Record<string, string> | undefined {
  const settings = readJsonFile(path);
  if (settings === undefined) return undefined;
  if (settings.IsEncrypted === true) throw new StartError(`${path} is encrypted: func settings decrypt`);
  const values = settings.Values ?? {};
  if (!isObject(values)) throw new StartError(`${path}: Values is not an object`);
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== "string") throw new StartError(`${path}: the value of ${name} is not a string`);
  }
  return values as Record<string, string>;
}

/** The object in a JSON file; `undefined` without the file. */
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
    // Editors on Windows write a byte order mark.
    value = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw new StartError(`${path} is not valid JSON${placeOf(error, text)}`);
  }
  if (!isObject(value)) throw new StartError(`${path} is not a JSON object`);
  return value;
}

/** The place of the error. V8's own message quotes the text around it, which may be a secret. */
function placeOf(error: unknown, text: string): string {
  const [, position] = /at position (\d+)/.exec(error instanceof Error ? error.message : "") ?? [];
  // Without a position, the text ended too early.
  const before = text.slice(0, position === undefined ? undefined : Number(position));
  const lines = before.split("\n");
  const comma = /,\s*$/.test(before) ? ": there is an extra comma" : "";
  return `, in line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}${comma}`;
}
