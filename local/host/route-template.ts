import { StartError } from "./start-error.ts";

export type RouteTemplate = {
  /** The same in find-my-way's notation, one or two paths. */
  paths: string[];
  /** The template's parameter names by find-my-way's. */
  params: Map<string, string>;
};

/** Route constraints that are served, as find-my-way's regular expressions. Others are refused rather than ignored. */
const constraints: Record<string, string> = {
  int: "(^-?\\d{1,10}$)",
  long: "(^-?\\d{1,19}$)",
  bool: "(^(?:true|false|TRUE|FALSE|True|False)$)",
  alpha: "(^[A-Za-z]+$)",
  guid: "(^[\\dA-Fa-f]{8}-[\\dA-Fa-f]{4}-[\\dA-Fa-f]{4}-[\\dA-Fa-f]{4}-[\\dA-Fa-f]{12}$)",
};

/**
 * Reads an Azure route template: literals, `{name}`, `{name?}` and `{*rest}` at the end, `{name:int}`. A parameter
 * fills a whole segment.
 *
 * @throws StartError for what the real host refuses too, and for templates of ASP.NET that this host does not know.
 */
export function readRouteTemplate(template: string, functionName: string): RouteTemplate {
  const refuse = (why: string) => new StartError(`Function ${functionName}: the route "${template}" ${why}`);
  if (template.startsWith("/")) throw refuse("must not start with a slash");
  const params = new Map<string, string>();
  const segments = template.split("/").filter((segment) => segment !== "");
  let path = "";
  const paths = new Set<string>();
  for (const [index, segment] of segments.entries()) {
    const last = index === segments.length - 1;
    const parameter = /^\{(\*{0,2})([^{}:?=*]+)(?::([^{}?=]+))?(\?)?\}$/.exec(segment);
    if (!parameter) {
      if (/[{}*]/.test(segment)) throw refuse(`has the segment "${segment}", which this host cannot serve`);
      path += `/${segment.replaceAll(":", "::")}`;
      continue;
    }
    const [, star, name = "", constraint, optional] = parameter;
    if ((star || optional) && !last) throw refuse(`has "${segment}" before its last segment`);
    const pattern = constraint === undefined ? "" : constraints[constraint];
    if (pattern === undefined)
      throw refuse(`has the constraint "${constraint}", which this host does not know`);
    // A parameter that may be missing makes two routes: without it, and with it.
    if (star || optional) paths.add(path || "/");
    const key = star ? "*" : `p${index}`;
    params.set(key, name);
    path += star ? "/*" : `/:${key}${pattern}`;
  }
  return { paths: [...paths.add(path || "/")], params };
}

/**
 * Decodes a path once, as Kestrel does before routing: every escape but `%2F`, which stays as it is, so that an
 * encoded slash is part of a parameter. What is not UTF-8 is left alone.
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

/** A path whose parameters find-my-way, which decodes everything, will read as {@link decodePath} does. */
export function toRoutablePath(path: string): string {
  if (!path.includes("%")) return path;
  return path
    .split("/")
    .map((segment) => encodeURIComponent(decodePath(segment)))
    .join("/");
}
