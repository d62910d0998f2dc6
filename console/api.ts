import { signal } from "@preact/signals";
import { routes } from "routes";
import type { InputOf, OperationId, OutputOf } from "./calls.ts";

/** The address of the app's operations. The console is served below it. */
const API = location.pathname.split("/console")[0] ?? "";
export const BASE = `${API}/console`;

/** The function key, in this page's memory. If the user chooses so, the tab's session storage keeps it over a reload. */
const STORED_KEY = "livechat-functions-key";
const key = signal(sessionStorage.getItem(STORED_KEY) ?? "");

/** The reason to ask for a key; `undefined` while no key is needed. */
export const signIn = signal<"needed" | "wrong" | undefined>(undefined);

/** Counts the keys that were entered. Pages call again when it grows. */
export const signedIn = signal(0);

export function giveKey(value: string, { remember }: { remember: boolean }): void {
  key.value = value;
  signIn.value = undefined;
  signedIn.value++;
  if (remember) sessionStorage.setItem(STORED_KEY, value);
  else sessionStorage.removeItem(STORED_KEY);
}

/** Adds the key to a call. No other code adds credentials. */
function credentials(): Record<string, string> {
  return key.value ? { "x-functions-key": key.value } : {};
}

/** A problem that the app answered (RFC 9457). Its `status` is 0 when the app did not answer. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly errors: readonly { path: string; message: string }[];
  /** Seconds after which the call may be repeated. */
  readonly retryAfter: number | undefined;

  constructor(
    said: Pick<Problem, "status" | "title" | "detail"> & Partial<Pick<Problem, "errors" | "retryAfter">>,
  ) {
    super(`${said.title}: ${said.detail}`);
    this.status = said.status;
    this.title = said.title;
    this.detail = said.detail;
    this.errors = said.errors ?? [];
    this.retryAfter = said.retryAfter;
  }
}

type Options = { signal?: AbortSignal; etag?: string | undefined };
type Answer<Body> = { body: Body; etag: string | undefined; status: number };

/**
 * Calls an operation of the app.
 *
 * @throws {Problem} for every answer but a success. A 401 also asks for a key.
 */
export async function call<Id extends OperationId>(
  id: Id,
  input: InputOf<Id>,
  options: Options = {},
): Promise<OutputOf<Id>> {
  return (await request(id, input, options)).body;
}

/**
 * Calls an operation for a poll, and returns status and ETag too. With the last ETag, the app answers unchanged data by
 * 304.
 */
export async function request<Id extends OperationId>(
  id: Id,
  input: InputOf<Id>,
  { signal, etag }: Options = {},
): Promise<Answer<OutputOf<Id>>> {
  const response = await send(id, input as AnyInput, {
    ...(signal && { signal }),
    headers: etag === undefined ? {} : { "if-none-match": etag },
  });
  const text = await response.text();
  return {
    status: response.status,
    body: (text ? JSON.parse(text) : undefined) as OutputOf<Id>,
    etag: response.headers.get("etag") ?? undefined,
  };
}

type AnyInput = { path?: object; query?: object; body?: unknown };

/** @throws {Problem} */
export async function send(id: string, input: AnyInput, init: RequestInit = {}): Promise<Response> {
  const { method, url } = addressOf(id, input);
  const attempt = signedIn.value;
  const response = await fetch(url, {
    ...init,
    method,
    headers: {
      ...(init.headers as Record<string, string>),
      ...(input.body !== undefined && { "content-type": "application/json" }),
      ...credentials(),
    },
    ...(input.body !== undefined && { body: JSON.stringify(input.body) }),
    redirect: "error",
    referrerPolicy: "no-referrer",
  }).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem({ status: 0, title: "The app cannot be reached", detail: "It did not answer." });
  });
  if (response.ok || response.status === 304) return response;
  // A 401 for the previous key does not mean that the present key is wrong.
  if (response.status === 401 && attempt === signedIn.value) signIn.value = key.value ? "wrong" : "needed";
  throw await toProblem(response);
}

/** The method and URL of an operation. The URL never contains a key. */
export function addressOf(id: string, { path = {}, query = {} }: AnyInput): { method: string; url: string } {
  const found = routes[id];
  if (!found) throw new TypeError(`No operation ${id}`);
  const values = path as Record<string, unknown>;
  const route = found.route.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(String(values[name])));
  const params = new URLSearchParams(
    Object.entries(query).flatMap(([name, value]) =>
      value === undefined || value === "" ? [] : [[name, String(value)]],
    ),
  );
  return { method: found.method, url: `${API}/${route}${params.size > 0 ? `?${params}` : ""}` };
}

async function toProblem(response: Response): Promise<Problem> {
  const { status, headers } = response;
  const body = await response.json().catch(() => ({}));
  const seconds = Number(headers.get("retry-after"));
  return new Problem({
    status,
    title: typeof body.title === "string" ? body.title : `Error ${status}`,
    detail: typeof body.detail === "string" ? body.detail : status === 401 ? "A function key is needed." : "",
    errors: Array.isArray(body.errors) ? body.errors : [],
    retryAfter: Number.isFinite(seconds) && seconds > 0 ? seconds : undefined,
  });
}
