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
 * Loads a built app, CommonJS or ESM, which registers its functions with `app`. A process can load one app only, because
 * the library keeps its first host.
 *
 * @param file the bundle; by default `main` of package.json
 * @throws StartError when the bundle is missing, does not load, or registers no functions (the real host then starts
 *   without functions)
 */
export async function loadApp(app: FunctionApp, file = mainOfPackage()): Promise<void> {
  if (!existsSync(file)) throw new StartError(`${file} does not exist: npm run build makes it`);
  if (loaded)
    throw new StartError("A process can host only one app, and this process has already loaded one");
  loaded = true;
  provideCoreModule(app.coreApi());
  try {
    await import(pathToFileURL(resolve(file)).href);
    const { HttpUri } = (await app.model?.getCapabilities?.({})) ?? {};
    if (HttpUri !== undefined) app.httpUri = new URL(HttpUri);
    await app.runHooks("appStart", { functionAppDirectory: process.cwd() });
  } catch (error) {
    // The app's message about a missing or wrong setting is complete.
    if (error instanceof Error && error.name === "SettingsError") throw new StartError(error.message);
    throw new StartError(`${file} could not be loaded: ${describeError(error)}`);
  }
  if (!app.model || app.functions.size === 0) throw new StartError(`${file} registers no functions`);
}

function mainOfPackage(): string {
  const main = readJsonFile("package.json")?.main;
  if (typeof main === "string") return main;
  throw new StartError("package.json has no main file: name the app with --app");
}

/**
 * Makes `require("@azure/functions-core")` return `core`. It must run before the app loads, because the library requires
 * the module only once. The official worker patches `require` too; this works for CommonJS and, through `createRequire`,
 * for ESM.
 */
function provideCoreModule(core: object): void {
  const original = Module.prototype.require;
  Module.prototype.require = function (this: Module, id: string) {
    return id === "@azure/functions-core" ? core : Reflect.apply(original, this, [id]);
  } as typeof original;
}
