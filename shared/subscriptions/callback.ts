import { isIP } from "node:net";
import { InvalidInput } from "../core/errors.ts";
import { reachOf } from "./address.ts";

/** Whether a callback may lead to this machine and by plain http, which is for local work only. */
export type CallbackRules = { allowLoopback: boolean };

/** Where a callback leads, in the parts that a request is made of. */
export type Callback = ReturnType<typeof readCallback>;

/** As long as a URL may be that Azure's own front ends take. */
export const MAX_URL_LENGTH = 8_192;

const PARTS = /^https?:\/\/[^/?#]+(\/[^?#]*)?(\?[^#]*)?/i;
/** No blanks, no control characters, nothing beyond ASCII, and no backslash, which parsers disagree about. */
const PLAIN = /^[!-[\]-~]+$/;
/** Top-level names that do not exist in public (RFC 6761, 6762, 8375, 9476; ICANN on `.internal`). */
const NOT_PUBLIC = /\.(localhost|local|internal|home\.arpa|alt|onion|test|invalid)$/;

/**
 * Takes a callback URL apart. WHATWG's parser finds the host, so that numbers in any notation are seen for the
 * addresses that they are.
 *
 * @throws {InvalidInput} when it may not be called: not https, not public. What was given is never repeated.
 */
export function readCallback(url: string, { allowLoopback }: CallbackRules) {
  if (url.length > MAX_URL_LENGTH) throw refusal(`may have at most ${MAX_URL_LENGTH} characters`);
  const parts = PLAIN.test(url) && URL.canParse(url) ? PARTS.exec(url) : null;
  if (!parts) throw refusal("must be an absolute URL, such as https://example.com/hook");
  const [, path = "/", query = ""] = parts;
  const { protocol, hostname, port, username, password } = new URL(url);
  const secure = protocol === "https:";
  if (!secure && !allowLoopback) throw refusal("must begin with https://");

  const host = hostname.replace(/^\[|\]$/g, "");
  if (!isAllowedHost(host, { allowLoopback })) throw notPublic();
  return {
    secure,
    /** A name, or an address without brackets. */
    hostname: host,
    port: port === "" ? (secure ? 443 : 80) : Number(port),
    /** Path and query, letter by letter as they were given: the URL is an opaque secret, and signatures hide in it. */
    target: path + query,
    /** `user:password`, when the URL has it. */
    ...((username || password) && { auth: `${decodePercents(username)}:${decodePercents(password)}` }),
  };
}

/** Where a callback leads, for people to read: its host, and nothing of what may be secret. */
export function maskCallback(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}/…`;
}

/** Whether a connection to this address may be made. */
export function isAllowedAddress(address: string, { allowLoopback }: CallbackRules): boolean {
  const reach = reachOf(address);
  return reach === "public" || (reach === "loopback" && allowLoopback);
}

export function notPublic(): InvalidInput {
  return refusal("must lead to a public address");
}

/** A name is only a promise: what it resolves to is looked at when the connection is made. */
function isAllowedHost(host: string, rules: CallbackRules): boolean {
  if (isIP(host)) return isAllowedAddress(host, rules);
  const name = host.replace(/\.$/, "");
  return rules.allowLoopback || (name.includes(".") && !NOT_PUBLIC.test(name));
}

/** Decodes percents where they are valid: WHATWG's parser leaves a `%` alone as it is. */
export function decodePercents(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function refusal(predicate: string): InvalidInput {
  return InvalidInput.at("url", `url ${predicate}.`);
}
