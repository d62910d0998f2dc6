import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { setTimeout } from "node:timers/promises";
import * as v from "valibot";
import { StorageUnavailable } from "./errors.ts";

/** A source of tokens for Azure's SDKs: `TokenCredential` of `@azure/core-auth`. */
export type Credential = {
  getToken(scopes: string | string[]): Promise<{ token: string; expiresOnTimestamp: number }>;
};

/** The endpoint's answer. `expires_on` is in seconds since the epoch, as text. */
const Token = v.object({ access_token: v.string(), expires_on: v.pipe(v.unknown(), v.toNumber()) });

/** Milliseconds for one attempt, and the pauses between attempts: the endpoint of a new instance may not be ready. */
const TOKEN_TIME_LIMIT = 2_000;
const TOKEN_PAUSES = [100, 400];

type IdentityOptions = {
  /** `IDENTITY_ENDPOINT` and `IDENTITY_HEADER`, which Azure sets. */
  environment?: Record<string, string | undefined>;
  wait?: (milliseconds: number) => Promise<unknown>;
};

/**
 * The managed identity of a function app. Its tokens come from the endpoint that Azure gives each instance
 * (learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference). `@azure/identity` does
 * the same and takes 50 ms of a cold start to load. The SDKs keep a token, and ask for the next one two minutes
 * before it expires.
 *
 * @param clientId of a user-assigned identity; the system-assigned one by default
 */
export function managedIdentity(
  clientId?: string,
  { environment = process.env, wait = setTimeout }: IdentityOptions = {},
): Credential {
  return {
    /** @throws {StorageUnavailable} after three attempts, or where there is no endpoint */
    async getToken(scopes) {
      const { IDENTITY_ENDPOINT: endpoint, IDENTITY_HEADER: secret } = environment;
      if (!endpoint || !secret) throw new StorageUnavailable("The app runs without a managed identity.");
      const url = new URL(endpoint);
      url.searchParams.set("api-version", "2019-08-01");
      url.searchParams.set("resource", String([scopes].flat()[0]).replace(/\/\.default$/, ""));
      if (clientId) url.searchParams.set("client_id", clientId);
      for (let attempt = 0; ; attempt++) {
        try {
          return await ask(url, secret);
        } catch (error) {
          const pause = TOKEN_PAUSES[attempt];
          if (pause === undefined) throw refused(error);
          await wait(pause);
        }
      }
    },
  };
}

/** Uses `node:http`, because the first call of `fetch` takes 8 ms longer. */
async function ask(url: URL, secret: string) {
  const request = get(url, {
    headers: { "x-identity-header": secret },
    signal: AbortSignal.timeout(TOKEN_TIME_LIMIT),
  });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  if (response.statusCode !== 200)
    throw Object.assign(new Error("No token"), { status: response.statusCode });
  const { access_token: token, expires_on: seconds } = v.parse(Token, JSON.parse(text));
  return { token, expiresOnTimestamp: seconds * 1_000 };
}

/** The answer may contain secrets: the error has only its status or the transport's code. */
function refused(error: unknown): StorageUnavailable {
  const { status, code } = error as { status?: number; code?: string };
  return new StorageUnavailable("The app gets no token from its managed identity.", {
    upstream: { status, code },
    retryAfter: 1,
  });
}
