import { NotFound } from "../core/errors.ts";

/** Where a call goes: `path` as it is sent, and `route` with its variable parts left out, for telemetry. */
export type Address = { path: string; route: string };

/** Text that some server on the way could take for more than one segment, or for a step up: `..`, `a/../b`, `/`, ``. */
const STEPS = /(?:^|[/\\])\.{0,2}(?:[/\\]|$)/;

/**
 * Tag for the paths of the API: at`tickets/${id}`. Each value is one segment, whatever is in it: an id or a login comes
 * from outside, and must not reach another route.
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
    throw new NotFound(`LiveChat has nothing that is called ${JSON.stringify(segment.slice(0, 100))}.`);
  }
  return encodeURIComponent(segment);
}
