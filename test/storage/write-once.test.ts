import { expect, inject, test } from "vitest";
import { OutcomeUnknown } from "../../shared/storage/failures.ts";
import { openTable } from "../../shared/storage/open-table.ts";
import { readRow } from "../../shared/storage/rows.ts";
import { writeOnce } from "../../shared/storage/write-once.ts";
import { cutAfter, cutBefore, type Fault, inject as injectFault } from "./faults.ts";

const storage = { connectionString: inject("storage") };
const table = openTable(storage, "WriteOnce");
const row = (rowKey: string, value: string) => ({ partitionKey: "p", rowKey, value });
const read = (rowKey: string) => readRow<{ value: string }>(table, "p", rowKey);

/** The same table, with a fault in its first request. */
function failing(fault: Fault) {
  const faults = [fault];
  return injectFault(openTable(storage, "WriteOnce"), (send, request) =>
    (faults.shift() ?? ((send) => send()))(send, request),
  );
}

test("writeOnce creates a row once", async () => {
  const etag = await writeOnce(table, row("first", "a"));
  expect(await writeOnce(table, row("first", "b"))).toBeUndefined();
  expect(await read("first")).toMatchObject({ value: "a", etag });
});

test("writeOnce replaces a row only with the ETag that was read", async () => {
  const etag = await writeOnce(table, row("plain", "a"));
  const next = await writeOnce(table, row("plain", "c"), { etag });
  expect(await writeOnce(table, row("plain", "d"), { etag })).toBeUndefined();
  expect(await read("plain")).toMatchObject({ value: "c", etag: next });
});

const prepare = async (key: string, old?: string) =>
  old ? await writeOnce(table, row(key, old)) : undefined;

const KINDS = [
  ["creation", undefined],
  ["replacement", "old"],
] as const;

test.each(KINDS)("a %s that was carried out without an answer returns the new ETag", async (kind, old) => {
  const key = `${kind} done`;
  const etag = await writeOnce(failing(cutAfter), row(key, "new"), { etag: await prepare(key, old) });
  expect(await read(key)).toMatchObject({ value: "new", etag });
});

test.each(KINDS)("a %s without an answer throws when it may still be carried out", async (kind, old) => {
  const key = `${kind} open`;
  const etag = await prepare(key, old);
  await expect(writeOnce(failing(cutBefore), row(key, "new"), { etag })).rejects.toThrow(OutcomeUnknown);
});

test.each(KINDS)(
  "a %s without an answer returns undefined when another write came first",
  async (kind, old) => {
    const key = `${kind} late`;
    const etag = await prepare(key, old);
    const overtaken: Fault = async () => {
      await writeOnce(table, row(key, "other"), { etag });
      return cutBefore(undefined as never, undefined as never);
    };
    expect(await writeOnce(failing(overtaken), row(key, "new"), { etag })).toBeUndefined();
  },
);
