import ipaddr from "ipaddr.js";

/** What an address reaches: a public host, this machine, or a private network. */
type Reach = "public" | "loopback" | "private";

/** The one block that public IPv6 addresses are given out from (RFC 4291, 2.4; IANA). */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR("2000::/3");

/**
 * Azure's own platform, as every virtual machine and function sees it: a public number that is not on the Internet.
 *
 * @see https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
 */
const AZURE_PLATFORM = "168.63.129.16";

/**
 * Says it of an IPv4 or IPv6 address, as the resolver or a URL gives it. IPv4 inside IPv6 (mapped, NAT64, 6to4, Teredo)
 * is `private` but for mapped addresses, which are what they map: what such an address leads to is decided elsewhere. A
 * text that is not an address, or an unknown kind of address, is `private` too.
 */
export function reachOf(address: string): Reach {
  if (!ipaddr.isValid(address)) return "private";
  const ip = ipaddr.process(address);
  const range = ip.range();
  if (range === "loopback") return "loopback";
  if (range !== "unicast" || ip.toString() === AZURE_PLATFORM) return "private";
  return ip.kind() === "ipv4" || ip.match(GLOBAL_UNICAST) ? "public" : "private";
}
