import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import type { LookupFunction } from "node:net";
import { within } from "../core/within.ts";
import { type Callback, type CallbackRules, isAllowedAddress, notPublic } from "./callback.ts";

/** Finds all addresses of a name, or rejects with the network's own code for why not. */
export type Resolver = (hostname: string) => Promise<LookupAddress[]>;

export const systemResolver: Resolver = (hostname) => lookup(hostname, { all: true });

/**
 * The `lookup` of a connection, which connects to what this gives and to nothing else: a name cannot give one address
 * for the check and another for the call. One address that may not be called spoils the name.
 */
export function guardedLookup(rules: CallbackRules, resolve: Resolver): LookupFunction {
  return (hostname, { all }, callback) => {
    const checked = resolve(hostname).then((addresses) => {
      const [first] = addresses;
      if (!first || !addresses.every(({ address }) => isAllowedAddress(address, rules)))
        throw new RefusedAddress();
      return { first, addresses };
    });
    checked.then(
      ({ first, addresses }) =>
        all ? callback(null, addresses) : callback(null, first.address, first.family),
      (error) => callback(error, ""),
    );
  };
}

/** With a code, as the network's own failures have one. */
class RefusedAddress extends Error {
  readonly code = "ENOTPUBLIC";
}

/**
 * Resolves a callback's name, to refuse it while the caller is there to read why. A name that does not resolve now
 * may do so later, and is let through.
 *
 * @param patience the longest wait of the subscribing caller, in milliseconds
 * @throws {InvalidInput} when it is not public
 */
export async function checkName(
  { hostname }: Callback,
  rules: CallbackRules,
  resolve: Resolver = systemResolver,
  { patience = 2_000 } = {},
): Promise<void> {
  const addresses = await within(
    patience,
    resolve(hostname).catch(() => []),
    [],
  );
  if (!addresses.every(({ address }) => isAllowedAddress(address, rules))) throw notPublic();
}
