import type { IncomingMessage } from "node:http";
import { isObject } from "../../shared/core/values.ts";
import type { Answer, Route } from "./http-server.ts";
import type { Listener } from "./listener.ts";

export type FunctionInfo = {
  name: string;
  triggerType: "httpTrigger" | "timerTrigger" | "queueTrigger";
  /** The methods of an HTTP function, in upper case. */
  methods?: string[];
  /** The route template of an HTTP function, with the host's prefix. */
  route?: string;
  authLevel?: string;
  /** The NCRONTAB expression of a timer. */
  schedule?: string;
  queueName?: string;
  /** The URL that runs the function; a POST to the admin route for timers and queue functions. */
  invokeUrl: string;
};

/** The largest body of an admin request in bytes: the size of a queue message. */
const BODY_LIMIT = 65_536;

/**
 * The host's own routes: its state, its functions, and manual runs of timers and queue functions.
 *
 * @param listeners by the function's name in lower case
 * @param functions returns the functions, once the host knows its port
 */
export function adminRoutes(listeners: Map<string, Listener>, functions: () => FunctionInfo[]): Route[] {
  const route = (methods: string[], path: string, answer: Route["answer"]): Route => ({
    methods,
    path,
    requiresKey: true,
    answer,
  });
  return [
    route(["GET"], "/admin/host/status", async () => json({ state: "Running" })),
    route(["GET"], "/admin/functions", async () => json(functions())),
    route(["POST"], "/admin/functions/:name", async ({ request, params }) => {
      const name = params.name?.toLowerCase() ?? "";
      if (!functions().some((known) => known.name.toLowerCase() === name)) return { status: 404 };
      const listener = listeners.get(name);
      const body = await readJson(request);
      // HTTP functions have no listener: a caller runs them at their own route.
      if (!listener || body === undefined) return { status: 400 };
      listener.trigger(body.input);
      return { status: 202 };
    }),
  ];
}

function json(value: unknown): Answer {
  return {
    status: 200,
    headers: { "content-type": "application/json; charset=utf-8" },
    body: JSON.stringify(value),
  };
}

/** The body's object: empty without a body, `undefined` when the body is not an object. */
async function readJson(request: IncomingMessage): Promise<Record<string, unknown> | undefined> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk;
    if (text.length > BODY_LIMIT) return undefined;
  }
  if (text.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
