import type { Sandbox } from "../../local/sandbox/sandbox.ts";

type Reply = { status: number; headers: Headers; body: unknown };

type Send = {
  json?: unknown;
  form?: string;
  headers?: Record<string, string | undefined>;
  signal?: AbortSignal;
};

/** Makes a function that calls the sandbox by LiveChat's reference. A header that is `undefined` is not sent. */
export function callerOf({ url, credentials }: Pick<Sandbox, "url" | "credentials">) {
  const basic = Buffer.from(`${credentials.username}:${credentials.apiKey}`).toString("base64");
  return async (route: string, { json, form, headers, signal }: Send = {}): Promise<Reply> => {
    const [method, path] = route.split(" ");
    const type = form === undefined ? "application/json" : "application/x-www-form-urlencoded";
    const all = { authorization: `Basic ${basic}`, "x-api-version": "2", "content-type": type, ...headers };
    const given = Object.entries(all).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    );
    const response = await fetch(url + path, {
      method,
      headers: Object.fromEntries(given),
      body: form ?? (json === undefined ? undefined : JSON.stringify(json)),
      signal,
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type") === "application/json";
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  };
}

/** A clock that moves only by `pass`. */
export function clockAt(start: string) {
  let time = Date.parse(start);
  return {
    now: () => time,
    pass(milliseconds: number) {
      time += milliseconds;
    },
  };
}
