import { setTimeout } from "node:timers/promises";
import { adminRoutes, type FunctionInfo } from "./admin.ts";
import { FunctionApp } from "./function-app.ts";
import { keyCheck } from "./function-key.ts";
import { readHostJson } from "./host-json.ts";
import { type Route, serveHttp } from "./http-server.ts";
import type { Listener } from "./listener.ts";
import { loadApp } from "./load-app.ts";
import { loadLocalSettings } from "./local-settings.ts";
import { type Log, logToStdout } from "./log.ts";
import { serveFunction } from "./serve-function.ts";
import { StartError } from "./start-error.ts";

type HostOptions = {
  /** The built app; `main` of package.json by default. */
  app?: string;
  /** By default 7071, as in Core Tools; 0 takes a free port. */
  port?: number;
  /** The address to listen on; by default 127.0.0.1. */
  hostname?: string;
  /** Require the key LOCAL_FUNCTION_KEY for the admin routes and for functions that are not anonymous. */
  enableAuth?: boolean;
  log?: Log;
};

export type Host = {
  url: string;
  port: number;
  functions: FunctionInfo[];
  /**
   * Starts no more work, waits for work in progress, at most 10 seconds, and runs the app's appTerminate hooks. Further
   * calls return the same promise.
   */
  close(): Promise<void>;
  /** Answers the requests in flight by 500 at once, as the real host does when its worker dies. */
  fail(): void;
};

/** Milliseconds that {@link Host.close} waits for work in progress. */
const CLOSE_LIMIT = 10_000;

/**
 * Serves a built app like the Azure Functions host, in this process and with the app's own, unmodified `@azure/functions`.
 * Reads `host.json` and `local.settings.json` in the current directory. Refuses apps with features that it does not support.
 *
 * A process can host one app only, because the library keeps its first host: a second call fails.
 *
 * @throws StartError with one line: the cause and the remedy
 */
export async function startHost(options: HostOptions = {}): Promise<Host> {
  const { app: file, port = 7071, hostname = "127.0.0.1", enableAuth = false, log = logToStdout } = options;
  loadLocalSettings();
  const settings = readHostJson();
  const key = process.env.LOCAL_FUNCTION_KEY?.trim();
  if (enableAuth && !key) throw new StartError("--enable-auth needs a key in the setting LOCAL_FUNCTION_KEY");

  const app = new FunctionApp(log);
  await loadApp(app, file);

  const routes: Route[] = [];
  const starts: { name: string; start(): Listener }[] = [];
  const listeners = new Map<string, Listener>();
  const about: ((url: string) => FunctionInfo)[] = [];
  for (const fn of app.functions.values()) {
    const served = await serveFunction(app, fn, settings);
    about.push(served.about);
    routes.push(...served.routes);
    if (served.start) starts.push({ name: fn.name.toLowerCase(), start: served.start });
  }

  let functions: FunctionInfo[] = [];
  routes.push(...adminRoutes(listeners, () => functions));
  const server = await serveHttp(routes, {
    port,
    hostname,
    hasKey: enableAuth && key ? keyCheck(key) : undefined,
  });
  const url = `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${server.port}`;
  functions = about.map((describe) => describe(url));
  for (const { name, start } of starts) listeners.set(name, start());

  async function close(): Promise<void> {
    const stops = [...listeners.values()].map((listener) => listener.stop());
    const ended = Promise.all([server.stop(), ...stops]);
    const late = setTimeout(CLOSE_LIMIT, "late", { ref: false });
    const outcome = await Promise.race([ended, late]);
    if (outcome === "late") log({ level: "warning", message: "Stopped before all work had ended" });
    await app.runHooks("appTerminate", {});
  }
  let closed: Promise<void> | undefined;

  return {
    url,
    port: server.port,
    functions,
    close() {
      closed ??= close();
      return closed;
    },
    fail: server.fail,
  };
}
