import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { StorageUnavailable } from "../../shared/core/errors.ts";
import { managedIdentity } from "../../shared/core/managed-identity.ts";
import { openTable } from "../../shared/storage/open-table.ts";
import { readRow } from "../../shared/storage/rows.ts";
import { inject as injectFault } from "../storage/faults.ts";
import "../no-time-limits.ts";

/** The endpoint that Azure gives to an instance. */
const requests: { query: Record<string, string>; secret: unknown }[] = [];
let answer: (response: ServerResponse) => void;
const endpoint = createServer((request: IncomingMessage, response) => {
  const { searchParams } = new URL(request.url ?? "", "http://endpoint");
  requests.push({ query: Object.fromEntries(searchParams), secret: request.headers["x-identity-header"] });
  answer(response);
});
let environment: Record<string, string>;
beforeAll(async () => {
  await once(endpoint.listen(0, "127.0.0.1"), "listening");
  const { port } = endpoint.address() as AddressInfo;
  environment = { IDENTITY_ENDPOINT: `http://127.0.0.1:${port}/msi/token`, IDENTITY_HEADER: "a-secret" };
});
afterAll(() => endpoint.close());

const now = Math.floor(Date.now() / 1_000);
const give = (expiresIn: number) => (response: ServerResponse) =>
  response.end(
    JSON.stringify({ access_token: `token-${requests.length}`, expires_on: String(now + expiresIn) }),
  );
beforeEach(() => {
  requests.length = 0;
  answer = give(3_600);
});

const SCOPE = "https://storage.azure.com/.default";

test("a token is requested for the scope's resource, with the instance's secret", async () => {
  const token = await managedIdentity(undefined, { environment }).getToken([SCOPE]);
  expect(token).toEqual({ token: "token-1", expiresOnTimestamp: (now + 3_600) * 1_000 });
  const query = { "api-version": "2019-08-01", resource: "https://storage.azure.com" };
  expect(requests).toEqual([{ query, secret: "a-secret" }]);
});

test("a token for a user-assigned identity is requested with its client id", async () => {
  await managedIdentity("a-client", { environment }).getToken("https://monitor.azure.com//.default");
  expect(requests[0]?.query).toMatchObject({ client_id: "a-client", resource: "https://monitor.azure.com/" });
});

test("a token is requested again after pauses if the endpoint is not ready", async () => {
  const waited: number[] = [];
  answer = (response) => {
    if (requests.length === 1) response.socket?.destroy();
    else if (requests.length === 2) response.writeHead(500).end("planted");
    else give(60)(response);
  };
  const wait = async (milliseconds: number) => waited.push(milliseconds);
  expect(await managedIdentity(undefined, { environment, wait }).getToken(SCOPE)).toMatchObject({
    token: "token-3",
  });
  expect(waited).toEqual([100, 400]);
});

test.each([
  ["a refusal", (response: ServerResponse) => response.writeHead(400).end("planted"), { status: 400 }],
  ["text that is not JSON", (response: ServerResponse) => response.end("planted"), {}],
  ["an incomplete token", (response: ServerResponse) => response.end('{"access_token":"planted"}'), {}],
])(
  "after three attempts, %s is a StorageUnavailable without the endpoint's text",
  async (_, reply, upstream) => {
    answer = reply;
    const identity = managedIdentity(undefined, { environment, wait: async () => {} });
    const error = await identity.getToken(SCOPE).catch((reason) => reason);
    expect(error).toBeInstanceOf(StorageUnavailable);
    expect(error.upstream).toMatchObject(upstream);
    expect(requests).toHaveLength(3);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/planted|a-secret/);
  },
);

test("a token without an identity is a StorageUnavailable with the cause", async () => {
  const error = await managedIdentity(undefined, { environment: {} })
    .getToken(SCOPE)
    .catch((reason) => reason);
  expect(error).toBeInstanceOf(StorageUnavailable);
  expect(error.message).toContain("without a managed identity");
});

test("a table client keeps its token until two minutes before the token expires", async () => {
  const authorizations: unknown[] = [];
  const read = async (expiresIn: number) => {
    answer = give(expiresIn);
    authorizations.length = requests.length = 0;
    const credential = managedIdentity(undefined, { environment });
    const table = openTable({ uri: "https://account.table.core.windows.net" }, "Identity", { credential });
    injectFault(table, async (_send, request) => {
      authorizations.push(request.headers.get("authorization"));
      return { request, status: 404, headers: request.headers, bodyAsText: "{}" };
    });
    for (let turn = 0; turn < 3; turn++) await readRow(table, "p", "r");
  };
  await read(3_600);
  expect(requests).toHaveLength(1);
  expect(authorizations).toEqual(Array(3).fill("Bearer token-1"));
  await read(100);
  await expect.poll(() => requests.length).toBeGreaterThan(1);
});
