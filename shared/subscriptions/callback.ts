import { isIP } from "node:net";
import { InvalidInput } from "../core/errors.ts";
import { within } from "../core/wait.ts";
import { type CallbackRules, isAllowedAddress, type Resolver, systemResolver } from "./address.ts";

/** A callback URL in the parts that a request needs. */
export type Callback = ReturnType<typeof readCallback>;

/** The longest URL that Azure's front ends accept. */
export const MAX_URL_LENGTH = 8_192;

const PARTS = /^https?:\/\/[^/?#]+(\/[^?#]*)?(\?[^#]*)?/i;
/** Printable ASCII without a blank, and without a backslash, which parsers read in different ways. */
const PLAIN = /^[!-[\]-~]+$/;
/** Top-level names that are not public (RFC 6761, 6762, 8375, 9476; ICANN on `.internal`). */
const NOT_PUBLIC = /\.(localhost|local|internal|home\.arpa|alt|onion|test|invalid)$/;

/**
 * Splits a callback URL into its parts. The host is read by the WHATWG parser, which recognises an IPv4 address in
 * any notation.
 *
 * @throws {InvalidInput} when the URL is not https or not public. The message never repeats the URL.
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
    /** Path and query exactly as given: the URL is an opaque secret, and may contain a signature. */
    path: path + query,
    /** `user:password`, when the URL has it. */
    ...((username || password) && { auth: `${decodePercents(username)}:${decodePercents(password)}` }),
  };
}

/**
 * Checks a callback URL and the addresses of its name, so that the caller reads the reason of a refusal. A name that
 * does not resolve now is accepted, because it may resolve later.
 *
 * @param patience how long the caller waits for the name, in milliseconds
 * @throws {InvalidInput} when the URL or one of the addresses is not public
 */
export async function checkCallback(
  url: string,
  rules: CallbackRules,
  resolve: Resolver = systemResolver,
  { patience = 2_000 } = {},
): Promise<void> {
  const { hostname } = readCallback(url, rules);
  const resolved = resolve(hostname).catch(() => []);
  const addresses = await within(patience, resolved, []);
  if (!addresses.every(({ address }) => isAllowedAddress(address, rules))) throw notPublic();
}

/** The callback's host, without the parts of the URL that may be secret. */
export function maskCallback(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}/…`;
}

/** A name that looks public may still resolve to a private address, so each connection checks its address. */
function isAllowedHost(host: string, rules: CallbackRules): boolean {
  if (isIP(host)) return isAllowedAddress(host, rules);
  const name = host.replace(/\.$/, "");
  return rules.allowLoopback || (name.includes(".") && !NOT_PUBLIC.test(name));
}

/** Decodes percent-encoding. Text with a stray `%`, which the WHATWG parser permits, is returned unchanged. */
export function decodePercents(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const notPublic = () => refusal("must lead to a public address");

function refusal(predicate: string): InvalidInput {
  return InvalidInput.at("url", `url ${predicate}.`);
}
