import { expect, inject, test } from "vitest";
import { StorageUnavailable } from "../../shared/core/errors.ts";
import { OutcomeUnknown } from "../../shared/storage/failures.ts";
import { LimitExceeded } from "../../shared/storage/limits.ts";
import { openTable } from "../../shared/storage/open-table.ts";
import { createRow, putRow, readRow, removeRow, replaceRow } from "../../shared/storage/rows.ts";
import { submit } from "../../shared/storage/transaction.ts";
import { answer, answerAfter, cutAfter, cutBefore, type Fault, inject as injectFault } from "./faults.ts";

const storage = { connectionString: inject("storage") };
const table = openTable(storage, "Transactions");
const faulty = (fault: Fault) => injectFault(openTable(storage, "Transactions"), fault);
const row = (rowKey: string, properties: object = {}) => ({ partitionKey: "p", rowKey, ...properties });
const exists = async (rowKey: string) => (await readRow(table, "p", rowKey)) !== undefined;

test("a transaction carries out all operations and returns the ETags of the rows", async () => {
  const outcome = await submit(table, [
    ["create", row("a1")],
    ["upsert", row("a2", { n: 1 }), "Replace"],
  ]);
  const etags = [(await readRow(table, "p", "a1"))?.etag, (await readRow(table, "p", "a2"))?.etag];
  expect(outcome).toEqual({ committed: true, etags });
});

test("text with a line or paragraph separator is stored unchanged", async () => {
  const text = "first\u2028second\u2029third \\u2028";
  await createRow(table, row("separators alone", { text }));
  const actions = ["separators 1", "separators 2"].map((key) => ["create", row(key, { text })] as const);
  expect(await submit(table, [...actions] as never)).toMatchObject({ committed: true });
  for (const key of ["separators alone", "separators 1", "separators 2"]) {
    expect(await readRow(table, "p", key)).toMatchObject({ text });
  }
});

test.for([
  ["a creation of an existing row", "exists", ["create", row("there")]],
  ["an update of a missing row", "missing", ["update", row("gone"), "Merge"]],
  ["a deletion of a missing row", "missing", ["delete", row("gone")]],
  [
    "an update of a changed row",
    "changed",
    ["update", row("there"), "Replace", { etag: `W/"datetime'2000-01-01T00%3A00%3A00.0000000Z'"` }],
  ],
] as const)("a transaction with %s changes nothing and names the operation", async ([, reason, action]) => {
  await putRow(table, row("there"));
  const outcome = await submit(table, [["create", row("b1")], ["create", row("b2")], action as never]);
  expect(outcome).toEqual({ committed: false, index: 2, reason });
  expect(await exists("b1")).toBe(false);
});

test.for([
  ["a connection that was cut before the request", cutBefore, false],
  ["a connection that was cut before the answer", cutAfter, true],
  ["a 500 without the work", answer(500), false],
  ["a 500 after the work", answerAfter(500), true],
  ["a 503", answer(503), false],
  ["a 408", answer(408), false],
] as const)("the outcome of a transaction is unknown after %s", async ([name, fault, done]) => {
  const rowKey = `open ${name}`;
  await expect(submit(faulty(fault), [["create", row(rowKey)]])).rejects.toThrow(OutcomeUnknown);
  expect(await exists(rowKey)).toBe(done);
});

test("a refused transaction throws StorageUnavailable with a known outcome", async () => {
  for (const status of [401, 403, 429]) {
    const failure = submit(faulty(answer(status)), [["create", row("refused")]]);
    await expect(failure).rejects.toThrow(StorageUnavailable);
    await expect(failure).rejects.not.toThrow(OutcomeUnknown);
  }
});

test("a transaction over a limit is not sent", async () => {
  const unreachable = faulty(() => expect.unreachable());
  await expect(submit(unreachable, [])).rejects.toThrow(LimitExceeded);
  await expect(submit(unreachable, [["create", row("a/b")]])).rejects.toThrow(LimitExceeded);
  await expect(createRow(unreachable, row("a/b"))).rejects.toThrow(LimitExceeded);
});

test("a row is created once", async () => {
  expect(await createRow(table, row("first", { n: 1 }))).toMatch(/^W\//);
  expect(await createRow(table, row("first", { n: 2 }))).toBeUndefined();
  expect(await readRow(table, "p", "first")).toMatchObject({ n: 1 });
});

test("a row is replaced or removed only with the ETag that was read", async () => {
  const etag = (await createRow(table, row("single", { n: 1 }))) ?? "";
  const newer = (await replaceRow(table, row("single", { n: 3 }), { etag })) ?? "";
  expect(await replaceRow(table, row("single", { n: 4 }), { etag })).toBeUndefined();
  expect(await removeRow(table, "p", "single", { etag })).toBe(false);
  expect(await readRow(table, "p", "single")).toMatchObject({ n: 3, etag: newer });
  expect(await removeRow(table, "p", "single", { etag: newer })).toBe(true);
  expect(await removeRow(table, "p", "single")).toBe(false);
});

test("a condition without an ETag throws before anything is changed", async () => {
  await putRow(table, row("conditional", { n: 1 }));
  const etag = undefined as unknown as string;
  await expect(replaceRow(table, row("conditional", { n: 2 }), { etag })).rejects.toThrow(TypeError);
  await expect(removeRow(table, "p", "conditional", { etag })).rejects.toThrow(TypeError);
  const update = submit(table, [["update", row("conditional", { n: 2 }), "Replace", { etag }]]);
  await expect(update).rejects.toThrow(TypeError);
  expect(await readRow(table, "p", "conditional")).toMatchObject({ n: 1 });
});

test("values of every type under any key are read as they were written", async () => {
  const keys = { partitionKey: "it's 100% é", rowKey: "a 'b' %2F (c) 🙂" };
  const properties = {
    text: 'quote " backslash \\ line\r\n--changeset_ é 🙂 \u0000',
    whole: 7,
    broken: 1.5,
    no: false,
    at: new Date("2026-01-01T00:00:00.000Z"),
    bytes: Uint8Array.from([0, 255, 13, 10]),
  };
  await submit(table, [["create", { ...keys, ...properties, absent: undefined }]]);
  const read = async () => readRow<Record<string, unknown>>(table, keys.partitionKey, keys.rowKey);
  expect(await read()).toMatchObject({ ...properties, bytes: Buffer.from(properties.bytes) });
  expect(await read()).not.toHaveProperty("absent");

  await submit(table, [["update", { ...keys, whole: 8 }, "Merge"]]);
  expect(await read()).toMatchObject({ whole: 8, no: false });
  await submit(table, [["upsert", { ...keys, whole: 9 }, "Replace"]]);
  expect(await read()).toMatchObject({ whole: 9 });
  expect(await read()).not.toHaveProperty("no");
  await submit(table, [["delete", keys]]);
  expect(await read()).toBeUndefined();
});

test("a transaction with an unreadable answer has an unknown outcome", async () => {
  for (const bodyAsText of [
    "",
    "<html>",
    "--changesetresponse_1\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n--changesetresponse_1--",
  ]) {
    const fault: Fault = async (_send, request) => ({
      request,
      status: 202,
      headers: request.headers,
      bodyAsText,
    });
    const two = submit(faulty(fault), [
      ["create", row("x")],
      ["create", row("y")],
    ]);
    await expect(two).rejects.toThrow(OutcomeUnknown);
  }
});

test("a value of a type unknown to Table Storage is refused before it is sent", async () => {
  await expect(submit(table, [["create", row("object", { value: {} })]])).rejects.toThrow(LimitExceeded);
});
