import { existsSync } from "node:fs";
import Module from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { FunctionApp } from "./function-app.ts";
import { readJsonFile } from "./local-settings.ts";
import { describeError } from "./log.ts";
import { StartError } from "./start-error.ts";

let loaded = false;

/**
 * Loads a built app, CommonJS or ESM; it registers its functions with `app`. Once per process: the library keeps the
 * object it was first given, and so would a second app.
 *
 * @param file the bundle; `main` of package.json when not given.
 * @throws StartError when there is no bundle, it does not load or registers nothing. The real host calls each of these
 *   a success and runs with no functions.
 */
export async function loadApp(app: FunctionApp, file = mainOfPackage()): Promise<void> {
  if (!existsSync(file)) throw new StartError(`${file} does not exist: npm run build makes it`);
  if (loaded) throw new StartError("A process can host one app, and this one has loaded one already");
  loaded = true;
  provideCoreModule(app.coreApi());
  try {
    await import(pathToFileURL(resolve(file)).href);
    const { HttpUri } = (await app.model?.getCapabilities?.({})) ?? {};
    if (HttpUri !== undefined) app.httpUri = new URL(HttpUri);
    await app.runHooks("appStart", { functionAppDirectory: process.cwd() });
  } catch (error) {
    // The app's own words for a setting that is missing or wrong need nothing added.
    if (error instanceof Error && error.name === "SettingsError") throw new StartError(error.message);
    throw new StartError(`${file} could not be loaded: ${describeError(error)}`);
  }
  if (!app.model || app.functions.size === 0) throw new StartError(`${file} registers no functions`);
}

function mainOfPackage(): string {
  const main = readJsonFile("package.json")?.main;
  if (typeof main === "string") return main;
  throw new StartError("package.json names no main file: say which app to host with --app");
}

/**
 * Makes `require("@azure/functions-core")` give `core`. It has to happen before the app loads, because the library
 * looks only once. Patching `require` is what the official worker does; it serves CommonJS and, by way of
 * `createRequire`, ESM.
 */
function provideCoreModule(core: object): void {
  const original = Module.prototype.require;
  Module.prototype.require = function (this: Module, id: string) {
    return id === "@azure/functions-core" ? core : Reflect.apply(original, this, [id]);
  } as typeof original;
}
