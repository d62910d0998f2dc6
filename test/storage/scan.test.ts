import { randomUUID } from "node:crypto";
import { expect, inject, test } from "vitest";
import { StorageUnavailable } from "../../shared/core/errors.ts";
import { openTable } from "../../shared/storage/open-table.ts";
import { scan } from "../../shared/storage/scan.ts";
import { answer, type Fault, inject as injectFault, stoppingQueries } from "./faults.ts";

const KEYS = Array.from({ length: 30 }, (_, index) => `k${String(index).padStart(2, "0")}`);
const ALL = { from: "k", before: "l" };

async function tableOfKeys() {
  const name = `s${randomUUID().replaceAll("-", "")}`;
  const open = (fault?: Fault) => {
    const table = openTable({ connectionString: inject("storage") }, name);
    return fault ? injectFault(table, fault) : table;
  };
  await open().createTable();
  await open().submitTransaction(KEYS.map((rowKey) => ["create", { partitionKey: "p", rowKey, n: 1 }]));
  return open;
}

async function windowsOf(...given: Parameters<typeof scan>): Promise<string[][]> {
  const windows = await Array.fromAsync(scan(...given));
  return windows.map((rows) => rows.map(({ rowKey = "" }) => rowKey));
}

test("a scan returns every row once, in windows, from its start", async () => {
  const open = await tableOfKeys();
  const windows = await windowsOf(open(), "p", { ...ALL, window: 12 });
  expect(windows.map(({ length }) => length)).toEqual([12, 12, 6]);
  expect(windows.flat()).toEqual(KEYS);
  expect((await windowsOf(open(), "p", { ...ALL, after: "k20" })).flat()).toEqual(KEYS.slice(21));
  expect(await windowsOf(open(), "p", { ...ALL, after: "k29" })).toEqual([]);
});

test("a scan returns every row when queries return few rows or none", async () => {
  const open = await tableOfKeys();
  expect((await windowsOf(open(stoppingQueries()), "p", ALL)).flat()).toEqual(KEYS);
});

test("a scan requests fewer rows after a failed window", async () => {
  const open = await tableOfKeys();
  const slow: Fault = (send, request) =>
    Number(new URL(request.url).searchParams.get("$top")) > 10 ? answer(500)(send, request) : send();
  const windows = await windowsOf(open(slow), "p", { ...ALL, window: 50 });
  expect(windows.map(({ length }) => length)).toEqual([10, 10, 10]);
  await expect(windowsOf(open(answer(503)), "p", ALL)).rejects.toThrow(StorageUnavailable);
});
