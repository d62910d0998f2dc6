import { StartError } from "./start-error.ts";

type RouteTemplate = {
  /** The template as one or two paths in find-my-way's notation. */
  paths: string[];
  /** The template's names of the parameters, by their names in `paths`. */
  params: Map<string, string>;
};

/**
 * Reads an Azure route template: literals, `{name}`, and `{*rest}` at the end. A parameter is a whole segment.
 *
 * @throws StartError for templates that the real host refuses, and for optional parameters, defaults and constraints,
 *   which this app does not use
 */
export function readRouteTemplate(template: string, functionName: string): RouteTemplate {
  const refuse = (why: string) => new StartError(`Function ${functionName}: the route "${template}" ${why}`);
  if (template.startsWith("/")) throw refuse("must not start with a slash");
  const params = new Map<string, string>();
  const segments = template.split("/").filter((segment) => segment !== "");
  let path = "";
  const paths = new Set<string>();
  for (const [index, segment] of segments.entries()) {
    const [, star, name = ""] = /^\{(\*{0,2})([^{}:?=*]+)\}$/.exec(segment) ?? [];
    if (star === undefined) {
      if (/[{}*]/.test(segment)) throw refuse(`has the segment "${segment}", which this host cannot serve`);
      path += `/${segment.replaceAll(":", "::")}`;
      continue;
    }
    if (star && index < segments.length - 1) throw refuse(`has "${segment}" before its last segment`);
    // The rest of the path can be empty, so there are two routes: without and with it.
    if (star) paths.add(path || "/");
    const key = star ? "*" : `p${index}`;
    params.set(key, name);
    path += star ? "/*" : `/:${key}`;
  }
  return { paths: [...paths.add(path || "/")], params };
}

/**
 * Decodes a path once, as Kestrel does before routing. `%2F` is not decoded, so an encoded slash is part of a parameter.
 * Escapes that are not UTF-8 are not decoded.
 */
export function decodePath(path: string): string {
  return path.replace(/(?:%(?!2f)[\da-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return escapes;
    }
  });
}

/** Encodes a path so that find-my-way, which decodes everything, reads its parameters like {@link decodePath}. */
export function toRoutablePath(path: string): string {
  if (!path.includes("%")) return path;
  return path
    .split("/")
    .map((segment) => encodeURIComponent(decodePath(segment)))
    .join("/");
}
