import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import type { LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";

/** `allowLoopback` permits callbacks to this machine and plain http. It is for local work only. */
export type CallbackRules = { allowLoopback: boolean };

/** The block of all public IPv6 addresses (RFC 4291, 2.4; IANA). */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR("2000::/3");

/**
 * The Azure platform's address on every virtual machine and function. It is in a public range, but not on the
 * Internet.
 *
 * @see https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
 */
const AZURE_PLATFORM = "168.63.129.16";

/**
 * Classifies an IPv4 or IPv6 address. An IPv4-mapped address is classified as the IPv4 address in it. Other addresses
 * with IPv4 inside (NAT64, 6to4, Teredo) are `private`, because a gateway decides where they lead. Text that is not
 * an address is `private`.
 */
export function reachOf(address: string): "public" | "loopback" | "private" {
  if (!ipaddr.isValid(address)) return "private";
  const ip = ipaddr.process(address);
  const range = ip.range();
  if (range === "loopback") return "loopback";
  if (range !== "unicast" || ip.toString() === AZURE_PLATFORM) return "private";
  return ip.kind() === "ipv4" || ip.match(GLOBAL_UNICAST) ? "public" : "private";
}

/** Whether the rules permit a connection to this address. */
export function isAllowedAddress(address: string, { allowLoopback }: CallbackRules): boolean {
  const reach = reachOf(address);
  return reach === "public" || (reach === "loopback" && allowLoopback);
}

/** Finds all addresses of a name. Rejects with the network's own code. */
export type Resolver = (hostname: string) => Promise<LookupAddress[]>;

export const systemResolver: Resolver = (hostname) => lookup(hostname, { all: true });

/**
 * Makes the `lookup` function of a connection. The connection uses the addresses that were checked, so the name cannot
 * resolve to another address for the call. One forbidden address forbids the name.
 */
export function guardedLookup(rules: CallbackRules, resolve: Resolver): LookupFunction {
  return (hostname, { all }, callback) => {
    const checked = resolve(hostname).then((addresses) => {
      const [first] = addresses;
      if (!first || !addresses.every(({ address }) => isAllowedAddress(address, rules)))
        throw new ForbiddenAddress();
      return { first, addresses };
    });
    checked.then(
      ({ first, addresses }) =>
        all ? callback(null, addresses) : callback(null, first.address, first.family),
      (error) => callback(error, ""),
    );
  };
}

/** Has a code, like the network's own failures. */
class ForbiddenAddress extends Error {
  readonly code = "ENOTPUBLIC";
}
