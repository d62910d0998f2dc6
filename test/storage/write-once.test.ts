import { describe, expect, inject, test } from "vitest";
import { OutcomeUnknown } from "../../shared/storage/failures.ts";
import { openTable } from "../../shared/storage/open-table.ts";
import { readRow } from "../../shared/storage/rows.ts";
import { writeOnce } from "../../shared/storage/write-once.ts";
import { cutAfter, cutBefore, type Fault, inject as injectFault } from "./faults.ts";

const storage = { connectionString: inject("storage") };
const table = openTable(storage, "WriteOnce");
const row = (rowKey: string, value: string) => ({ partitionKey: "p", rowKey, value });
const read = (rowKey: string) => readRow<{ value: string }>(table, "p", rowKey);

/** The same table, whose first request fails so. */
function failing(fault: Fault) {
  const faults = [fault];
  return injectFault(openTable(storage, "WriteOnce"), (send, request) =>
    (faults.shift() ?? ((send) => send()))(send, request),
  );
}

test("a row is created once, and replaced while it is the version that was read", async () => {
  const etag = await writeOnce(table, row("plain", "a"));
  expect(await writeOnce(table, row("plain", "b"))).toBeUndefined();
  const next = await writeOnce(table, row("plain", "c"), { etag });
  expect(await writeOnce(table, row("plain", "d"), { etag })).toBeUndefined();
  expect(await read("plain")).toMatchObject({ value: "c", etag: next });
});

describe.each([
  ["creation", undefined],
  ["replacement", "old"],
])("a %s whose answer is lost", (kind, old) => {
  const prepare = async (key: string) => (old ? await writeOnce(table, row(key, old)) : undefined);

  test("is recognised as done", async () => {
    const key = `${kind} done`;
    const etag = await writeOnce(failing(cutAfter), row(key, "new"), { etag: await prepare(key) });
    expect(await read(key)).toMatchObject({ value: "new", etag });
  });

  test("stays open when it may still be done", async () => {
    const key = `${kind} open`;
    const etag = await prepare(key);
    await expect(writeOnce(failing(cutBefore), row(key, "new"), { etag })).rejects.toThrow(OutcomeUnknown);
  });

  test("is recognised as not done when another write took its place", async () => {
    const key = `${kind} late`;
    const etag = await prepare(key);
    const overtaken: Fault = async () => {
      await writeOnce(table, row(key, "other"), { etag });
      return cutBefore(undefined as never, undefined as never);
    };
    expect(await writeOnce(failing(overtaken), row(key, "new"), { etag })).toBeUndefined();
  });
});
