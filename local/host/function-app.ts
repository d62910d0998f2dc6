import type {
  FunctionCallback,
  FunctionMetadata,
  LogCategory,
  LogLevel,
  ProgrammingModel,
} from "./core-types.ts";
import type { Log } from "./log.ts";

export type RegisteredFunction = {
  name: string;
  /** The name of the trigger's binding; the library expects the trigger's data under it. */
  triggerName: string;
  metadata: FunctionMetadata;
  callback: FunctionCallback;
};

const hookNames = ["appStart", "appTerminate", "preInvocation", "postInvocation", "log"] as const;
type HookName = (typeof hookNames)[number];
type HookCallback = (context: object) => unknown;

/** The functions, the programming model and the hooks that an app registers while it is loaded. */
export class FunctionApp {
  readonly functions = new Map<string, RegisteredFunction>();
  readonly log: Log;
  model?: ProgrammingModel;
  /** The URL of the library's own HTTP server, when the app streams its requests. */
  httpUri?: URL;
  readonly #hooks = new Map<HookName, HookCallback[]>(hookNames.map((name) => [name, []]));

  constructor(log: Log) {
    this.log = log;
  }

  addFunction(metadata: FunctionMetadata, callback: FunctionCallback): Disposable {
    const { name } = metadata;
    if (this.functions.has(name)) throw new Error(`A function named ${name} is registered already`);
    const trigger = Object.entries(metadata.bindings).find(([, { type }]) => /trigger$/i.test(type));
    if (!trigger) throw new Error(`Function ${name} has no trigger`);
    this.functions.set(name, { name, triggerName: trigger[0], metadata, callback });
    return new Disposable(() => this.functions.delete(name));
  }

  addHook(name: string, callback: HookCallback): Disposable {
    const callbacks = this.#hooks.get(name as HookName);
    if (!callbacks) {
      const error = new RangeError(`Unrecognized hook "${name}"`);
      // The library recognises its own errors by this flag.
      throw Object.assign(error, { isAzureFunctionsSystemError: true });
    }
    callbacks.push(callback);
    return new Disposable(() => callbacks.splice(callbacks.indexOf(callback), 1));
  }

  /** Runs the hooks of one kind in the order of their registration. They may change the context. */
  async runHooks(name: HookName, context: object): Promise<void> {
    for (const callback of this.#hooks.get(name) ?? []) await callback(context);
  }

  /** Passes a log call to the `log` hooks, which may change level and message, and then to the log. */
  write(
    level: LogLevel,
    category: LogCategory,
    message: string,
    invocation?: { name: string; id: string; context?: object },
  ): void {
    // The real host does not show these by default.
    if (category === "system" && (level === "trace" || level === "debug")) return;
    const entry = { level, message, category, invocationContext: invocation?.context };
    for (const callback of this.#hooks.get("log") ?? []) callback(entry);
    this.log({
      level: entry.level,
      message: entry.message,
      function: invocation?.name,
      invocationId: invocation?.id,
    });
  }

  /** The app's module `@azure/functions-core`, with the members that the official worker gives it. */
  coreApi() {
    return {
      version: "3.9.0",
      hostVersion: "4.0.0",
      registerFunction: (metadata: FunctionMetadata, callback: FunctionCallback) =>
        this.addFunction(metadata, callback),
      registerHook: (name: string, callback: HookCallback) => this.addHook(name, callback),
      setProgrammingModel: (model: ProgrammingModel) => {
        this.model = model;
      },
      getProgrammingModel: () => this.model,
      log: (level: LogLevel, category: LogCategory, message: string) => this.write(level, category, message),
      Disposable,
    };
  }
}

/** A registration; `dispose` removes it. */
class Disposable {
  #undo: (() => unknown) | undefined;

  constructor(undo: () => unknown) {
    this.#undo = undo;
  }

  dispose(): void {
    this.#undo?.();
    this.#undo = undefined;
  }
}
