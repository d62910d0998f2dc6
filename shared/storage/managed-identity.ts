import type { TokenCredential } from "@azure/identity";

/**
 * `ManagedIdentityCredential` and not the default chain of credentials, which spends seconds on probing. Its library is
 * loaded on first use: a start with a connection string does without.
 */
export function managedIdentity(clientId?: string): TokenCredential {
  let loaded: Promise<TokenCredential> | undefined;
  return {
    async getToken(...request) {
      loaded ??= import("@azure/identity").then(
        ({ ManagedIdentityCredential }) => new ManagedIdentityCredential(clientId ? { clientId } : {}),
      );
      return (await loaded).getToken(...request);
    },
  };
}
