import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { expect, inject, test } from "vitest";
import { StorageUnavailable } from "../../shared/core/errors.ts";
import { OutcomeUnknown } from "../../shared/storage/failures.ts";
import { openTable } from "../../shared/storage/open-table.ts";
import { createRow, putRow, readRow, readRows, removeRow, replaceRow } from "../../shared/storage/rows.ts";
import { submit } from "../../shared/storage/transaction.ts";
import { inject as injectFault } from "./faults.ts";

const storage = { connectionString: inject("storage") };
const row = (rowKey: string) => ({ partitionKey: "p", rowKey });

/** A table endpoint that answers every request with this function. */
async function serve(answer: Parameters<typeof createServer>[1]) {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const connectionString = storage.connectionString.replace(
    /TableEndpoint=[^;]*/,
    `TableEndpoint=http://127.0.0.1:${port}/devstoreaccount1`,
  );
  return { server, connectionString, stop: () => server.close() && server.closeAllConnections() };
}

test("any operation on a missing table creates the table", async () => {
  expect(await readRow(openTable(storage, "MissingRead"), "p", "r")).toBeUndefined();
  expect(await removeRow(openTable(storage, "MissingDelete"), "p", "r")).toBe(false);
  expect(
    await replaceRow(openTable(storage, "MissingReplace"), row("r"), { etag: 'W/"any"' }),
  ).toBeUndefined();
  await putRow(openTable(storage, "MissingPut"), row("r"));
  expect(await submit(openTable(storage, "MissingBatch"), [["create", row("r")]])).toMatchObject({
    committed: true,
  });

  const rows = readRows(openTable(storage, "MissingList"), "p", { from: "a", before: "z" });
  expect(await rows.next()).toEqual({ done: true });
  expect(await readRow(openTable(storage, "MissingPut"), "p", "r")).toMatchObject({ rowKey: "r" });
});

test("a table that exists is never created", async () => {
  const paths: string[] = [];
  await putRow(openTable(storage, "OnceOnly"), row("first"));
  const table = injectFault(openTable(storage, "OnceOnly"), (send, { method, url }) => {
    paths.push(`${method} ${new URL(url).pathname.split("/").at(-1)}`);
    return send();
  });
  await createRow(table, row("second"));
  expect(paths).toEqual(["POST OnceOnly"]);
});

test("eight processes on an empty account do not disturb each other", async () => {
  const tables = Array.from({ length: 8 }, () => openTable(storage, "Race"));
  const etags = await Promise.all(tables.map((table, index) => createRow(table, row(`r${index}`))));
  expect(etags.every(Boolean)).toBe(true);
});

test("requests to storage that never answers end at the time limit", async () => {
  const { connectionString, stop } = await serve(() => {});
  const table = openTable({ connectionString }, "Hanging", { timeLimit: 30 });
  await expect(readRow(table, "p", "r")).rejects.toThrow(StorageUnavailable);
  await expect(readRow(table, "p", "r")).rejects.not.toThrow(OutcomeUnknown);
  await expect(createRow(table, row("r"))).rejects.toThrow(OutcomeUnknown);
  await expect(submit(table, [["create", row("r")]])).rejects.toThrow(OutcomeUnknown);
  stop();
});

test("a signal ends an operation before its time limit", async () => {
  const { connectionString, stop } = await serve(() => {});
  const table = openTable({ connectionString }, "Hanging");
  const signal = AbortSignal.timeout(20);
  await expect(readRow(table, "p", "r", { signal })).rejects.toThrow(StorageUnavailable);
  await expect(submit(table, [["create", row("r")]], { signal })).rejects.toThrow(OutcomeUnknown);
  stop();
});

test("a request that fails is not sent again by the SDK", async () => {
  let requests = 0;
  const { connectionString, stop } = await serve((_request, response) => {
    requests++;
    response.writeHead(500).end();
  });
  await expect(createRow(openTable({ connectionString }, "Failing"), row("r"))).rejects.toThrow(
    OutcomeUnknown,
  );
  expect(requests).toBe(1);
  stop();
});

/** A table whose server closes the connection of the first request. */
async function openClosing() {
  let requests = 0;
  const { connectionString, stop } = await serve((request, response) => {
    if (++requests === 1) return void request.socket.destroy();
    response.writeHead(404, { "content-type": "application/json" }).end("{}");
  });
  return { table: openTable({ connectionString }, "Closing"), stop, countRequests: () => requests };
}

test("a read is sent again when its connection was closed", async () => {
  const { table, stop, countRequests } = await openClosing();
  expect(await readRow(table, "p", "r")).toBeUndefined();
  expect(countRequests()).toBe(2);
  stop();
});

test("a read is sent again when all idle connections were closed", async () => {
  const { server, connectionString, stop } = await serve((_request, response) =>
    response.writeHead(404, { "content-type": "application/json" }).end("{}"),
  );
  const table = openTable({ connectionString }, "Idle");
  const readAll = () => Promise.all(Array.from({ length: 9 }, () => readRow(table, "p", "r")));
  await readAll();
  server.closeAllConnections();
  // Nothing has been read from the connections since.
  expect(await readRow(table, "p", "r")).toBeUndefined();
  stop();
});

test("a write is not sent again when its connection was closed", async () => {
  const { table, stop, countRequests } = await openClosing();
  await expect(createRow(table, row("r"))).rejects.toThrow(OutcomeUnknown);
  expect(countRequests()).toBe(1);
  stop();
});

test("an error contains neither the key nor the content of the write", async () => {
  const { connectionString, stop } = await serve((_request, response) => void response.writeHead(403).end());
  const error = await createRow(openTable({ connectionString }, "Refusing"), {
    ...row("r"),
    said: "planted",
  }).catch((reason) => reason);
  expect(error).toBeInstanceOf(StorageUnavailable);
  expect(error.message).toContain("refuses");
  expect(error.upstream).toEqual({ status: 403, code: expect.any(String) });
  const seen = inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true });
  expect(seen).not.toMatch(/planted|SharedKey|127\.0\.0\.1/);
  stop();
});

test("a managed identity gets its token only for the first request", async () => {
  const asked: unknown[] = [];
  const credential = {
    getToken: async (scopes: string | string[]) => {
      asked.push(scopes);
      return { token: "a-token", expiresOnTimestamp: Date.now() + 3_600_000 };
    },
  };
  const authorizations: unknown[] = [];
  const table = openTable({ uri: "https://account.table.core.windows.net" }, "Identity", { credential });
  injectFault(table, async (_send, request) => {
    authorizations.push(request.headers.get("authorization"));
    return { request, status: 404, headers: request.headers, bodyAsText: "{}" };
  });
  expect(asked).toEqual([]);
  expect(await readRow(table, "p", "r")).toBeUndefined();
  expect(asked.flat()).toEqual(["https://storage.azure.com/.default"]);
  expect(authorizations).toEqual(["Bearer a-token"]);
});
