import type { TokenCredential } from "@azure/identity";
import { lazy } from "../core/lazy.ts";

/**
 * `ManagedIdentityCredential` and not the default chain of credentials, which spends seconds on probing. Its library is
 * loaded on first use: a start with a connection string does without.
 */
export function managedIdentity(clientId?: string): TokenCredential {
  const credential = lazy(async () => {
    const { ManagedIdentityCredential } = await import("@azure/identity");
    return new ManagedIdentityCredential(clientId ? { clientId } : {});
  });
  return { getToken: async (...request) => (await credential()).getToken(...request) };
}
