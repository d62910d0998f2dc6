import type * as v from "valibot";
import { NotFound } from "../core/errors.ts";

/** One call of a LiveChat API. */
export type OutgoingCall<Answer extends v.GenericSchema> = {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  to: Address;
  /** The default is the effect of the method. */
  effect?: Effect;
  needs?: Needs;
  query?: Record<string, string | number | undefined>;
  json?: unknown;
  /** The schema of the answer. An empty answer is read as `undefined`. */
  answer: Answer;
};

/** LiveChat's name of the action, and the scopes that it requires of the token. */
export type Needs = { action: string; scopes: readonly string[] };

/**
 * The effect of a call at LiveChat. It decides whether the call may be repeated. A call that reads, replaces or removes
 * may be repeated. A call that creates may not: each repetition creates one more (RFC 9110, 9.2).
 */
export type Effect = "read" | "replace" | "remove" | "create";

export const EFFECT_OF_METHOD = {
  GET: "read",
  PUT: "replace",
  PATCH: "replace",
  DELETE: "remove",
  POST: "create",
} as const;

/** The address of a call: `path` as it is sent, and `route` without the variable parts, for telemetry. */
type Address = { path: string; route: string };

/** Text that a server could read as several segments or as a step up: `..`, `a/../b`, `/`, ``. */
const STEPS = /(?:^|[/\\])\.{0,2}(?:[/\\]|$)/;

/**
 * Tag for the paths of the API: path`tickets/${id}`. Each value becomes one segment. Ids and logins come from callers, and
 * must not reach another route.
 *
 * @throws {NotFound} for text that cannot be one segment: LiveChat has nothing with this name
 */
export function path(parts: TemplateStringsArray, ...segments: string[]): Address {
  return {
    path: String.raw({ raw: parts }, ...segments.map(encode)),
    route: parts.join("{}"),
  };
}

function encode(segment: string): string {
  if (STEPS.test(segment) || !segment.isWellFormed()) {
    throw new NotFound(`LiveChat has nothing named ${JSON.stringify(segment.slice(0, 100))}.`);
  }
  return encodeURIComponent(segment);
}
