import { NotFound } from "../core/errors.ts";

/** The address of a call: `path` as it is sent, and `route` without the variable parts, for telemetry. */
export type Address = { path: string; route: string };

/** Text that a server could read as several segments or as a step up: `..`, `a/../b`, `/`, ``. */
const STEPS = /(?:^|[/\\])\.{0,2}(?:[/\\]|$)/;

/**
 * Tag for the paths of the API: at`tickets/${id}`. Each value becomes one segment: ids and logins come from outside, and
 * must not reach another route.
 *
 * @throws {NotFound} for text that cannot be one segment: LiveChat has nothing under it.
 */
export function at(parts: TemplateStringsArray, ...segments: string[]): Address {
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
