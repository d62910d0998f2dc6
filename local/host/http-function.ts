import type { OutgoingHttpHeaders } from "node:http";
import type { HttpRequestData, HttpResponseData } from "./core-types.ts";
import type { FunctionApp, RegisteredFunction } from "./function-app.ts";
import { type Answer, type Call, type Route, TOO_LARGE } from "./http-server.ts";
import { invoke } from "./invoke.ts";
import { readBody } from "./read-body.ts";
import { readRouteTemplate } from "./route-template.ts";
import { forward } from "./stream.ts";

/**
 * The largest request body in bytes, as in the deployment (`infra/modules/app.bicep`), unless the setting
 * FUNCTIONS_REQUEST_BODY_SIZE_LIMIT has another. It is a little more than the largest delivery, so deliveries that are
 * just too large reach the app, which refuses and counts them. With Azure's default of 100 MB, callers without a key
 * could use up the memory.
 */
export const BODY_LIMIT = 17 * 1024 * 1024;

/** The trigger of an HTTP function. */
type HttpTrigger = { methods: string[]; route: string; authLevel: string };

export function readHttpTrigger({ name, triggerName, metadata }: RegisteredFunction): HttpTrigger {
  const { methods, route, authLevel }: Record<string, unknown> = metadata.bindings[triggerName] ?? {};
  return {
    methods: Array.isArray(methods) ? methods.map((method) => String(method).toUpperCase()) : ["GET", "POST"],
    route: typeof route === "string" ? route : name,
    authLevel: typeof authLevel === "string" ? authLevel.toLowerCase() : "anonymous",
  };
}

/**
 * The routes of one HTTP function.
 *
 * @throws StartError when this host cannot serve its route template
 */
export function httpRoutes(app: FunctionApp, fn: RegisteredFunction, routePrefix: string): Route[] {
  const { methods, route, authLevel } = readHttpTrigger(fn);
  const { paths, params } = readRouteTemplate(route, fn.name);
  const prefix = routePrefix && `/${routePrefix}`;
  const limit = Number(process.env.FUNCTIONS_REQUEST_BODY_SIZE_LIMIT) || BODY_LIMIT;

  async function answer(call: Call): Promise<Answer> {
    const { headers } = call.request;
    const length = Number(headers["content-length"] ?? 0);
    if (length > limit) return TOO_LARGE;
    const values = named(params, call);
    if (app.httpUri) return forward(app, fn, { call, params: values, httpUri: app.httpUri, limit });
    if (headers["transfer-encoding"] !== undefined) {
      const message = "The request has no Content-Length, so its body is dropped, as on the real host";
      app.log({ level: "warning", message, function: fn.name });
      call.request.resume();
    }
    const body = length > 0 ? await readBody(call.request) : undefined;
    const response = await invoke(app, fn, {
      data: { http: toHttpData(call, values, body) },
      traceparent: single(headers.traceparent),
      tracestate: single(headers.tracestate),
    });
    const http = response.returnValue?.http;
    return http ? toAnswer(http) : { status: 204 };
  }

  return paths.map((path) => ({
    methods,
    path: prefix + path,
    requiresKey: authLevel !== "anonymous",
    answer,
  }));
}

/** The values of the route's parameters, by the names in its template. */
function named(names: Map<string, string>, { params }: Call): Record<string, string> {
  const values = [...names].map(([key, name]) => [name, params[key] ?? ""] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== ""));
}

/** The request as the real host passes it to its worker. */
function toHttpData(
  { request, target, search }: Call,
  params: Record<string, string>,
  bytes?: Uint8Array,
): HttpRequestData {
  const nullableHeaders = emptyMap();
  const { rawHeaders } = request;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    append(nullableHeaders, rawHeaders[i]?.toLowerCase() ?? "", rawHeaders[i + 1] ?? "");
  }
  const nullableQuery = emptyMap();
  if (search !== "") {
    // Names that differ only in case are the same; the first spelling is used.
    const spellings = new Map<string, string>();
    for (const [name, value] of new URLSearchParams(search)) {
      const folded = name.toLowerCase();
      if (!spellings.has(folded)) spellings.set(folded, name);
      append(nullableQuery, spellings.get(folded) ?? name, value);
    }
  }
  const nullableParams = Object.fromEntries(Object.entries(params).map(([name, value]) => [name, { value }]));
  return {
    method: request.method ?? "GET",
    url: `http://${request.headers.host ?? "localhost"}${target}`,
    nullableHeaders,
    nullableQuery,
    nullableParams,
    body: bytes && { bytes },
  };
}

/** Without a prototype, because the caller chooses the names. */
function emptyMap(): Record<string, { value: string }> {
  return Object.create(null);
}

/** Joins repeated values of a header or parameter by commas. */
function append(values: Record<string, { value: string }>, name: string, value: string): void {
  const present = values[name];
  if (present) present.value += `,${value}`;
  else values[name] = { value };
}

function toAnswer({ statusCode, headers, body }: HttpResponseData): Answer {
  const answered: OutgoingHttpHeaders = { ...headers };
  // Node sets these for the connection and the sent body.
  delete answered["content-length"];
  delete answered["transfer-encoding"];
  delete answered.connection;
  return { status: Number(statusCode), headers: answered, body: body?.bytes };
}

function single(header: string | string[] | undefined): string | undefined {
  return typeof header === "string" ? header : undefined;
}
