import type { TransactionAction } from "@azure/data-tables";
import fc from "fast-check";
import { expect, inject, test } from "vitest";
import { endOf, hashed, ordered, withPrefix } from "../../shared/storage/keys.ts";
import {
  checkEntity,
  checkTransaction,
  LimitExceeded,
  MAX_ENTITY_BYTES,
  MAX_KEY_CHARACTERS,
  MAX_OPERATIONS,
  MAX_PROPERTIES,
  MAX_PROPERTY_BYTES,
  MAX_TRANSACTION_BYTES,
  wireBytes,
} from "../../shared/storage/limits.ts";
import { openTable } from "../../shared/storage/open-table.ts";
import { submit } from "../../shared/storage/transaction.ts";
import { inject as injectFault } from "./faults.ts";

const storage = { connectionString: inject("storage") };
/** Megabytes may take a slow machine longer than the usual limit. */
const patient = { timeLimit: 600_000 };
const entity = (properties: object = {}) => ({ partitionKey: "p", rowKey: "r", ...properties });
const fits = (properties: object) => expect(() => checkEntity(entity(properties))).not.toThrow();
const exceeds = (properties: object) => expect(() => checkEntity(entity(properties))).toThrow(LimitExceeded);

test("a property of more than 64 KiB, with text as UTF-16, is refused", () => {
  fits({ bytes: Buffer.alloc(MAX_PROPERTY_BYTES) });
  exceeds({ bytes: Buffer.alloc(MAX_PROPERTY_BYTES + 1) });
  fits({ text: "é".repeat(MAX_PROPERTY_BYTES / 2) });
  exceeds({ text: "a".repeat(MAX_PROPERTY_BYTES / 2 + 1) });
});

test("an entity of more than 1 MiB, with its names and keys, is refused", () => {
  const full = Object.fromEntries(
    Array.from({ length: 15 }, (_, index) => [
      `b${String(index).padStart(2, "0")}`,
      Buffer.alloc(MAX_PROPERTY_BYTES),
    ]),
  );
  // 4 bytes, the two keys, and for each property 8 bytes, its name, its length and its value.
  const used = 4 + 2 * 2 + 15 * (8 + 2 * 3 + 4 + MAX_PROPERTY_BYTES);
  const left = MAX_ENTITY_BYTES - used - (8 + 2 * 4 + 4);
  fits({ ...full, rest: Buffer.alloc(left) });
  exceeds({ ...full, rest: Buffer.alloc(left + 1) });
});

test("an entity of more than 252 defined properties is refused", () => {
  const properties = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, index]));
  fits({ ...properties(MAX_PROPERTIES), absent: undefined, etag: "e", timestamp: "t" });
  exceeds(properties(MAX_PROPERTIES + 1));
});

test("keys that Table Storage does not accept are refused", () => {
  fits({ rowKey: "k".repeat(MAX_KEY_CHARACTERS) });
  exceeds({ rowKey: "k".repeat(MAX_KEY_CHARACTERS + 1) });
  exceeds({ partitionKey: "k".repeat(MAX_KEY_CHARACTERS + 1) });
  for (const bad of ["a/b", "a\\b", "a#b", "a?b", "a\u0000", "a\u001f", "a\u007f", "a\u009f", "a\ud800"]) {
    exceeds({ rowKey: bad });
  }
  fits({ rowKey: "a:b 'c' %2F 🙂" });
});

test("texts that are not well formed and invalid property names are refused", () => {
  exceeds({ text: "\ud83d" });
  exceeds({ "a-b": 1 });
  exceeds({ ["n".repeat(256)]: 1 });
});

test("a transaction beyond the service's limits is refused", () => {
  const actions = (count: number): TransactionAction[] =>
    Array.from({ length: count }, (_, index) => ["create", entity({ rowKey: `r${index}` })]);
  expect(() => checkTransaction(actions(MAX_OPERATIONS))).not.toThrow();
  expect(() => checkTransaction(actions(MAX_OPERATIONS + 1))).toThrow(LimitExceeded);
  expect(() => checkTransaction([])).toThrow(LimitExceeded);
  expect(() => checkTransaction([...actions(1), ...actions(1)])).toThrow(LimitExceeded);
  expect(() => checkTransaction([...actions(1), ["create", entity({ partitionKey: "q" })]])).toThrow(
    LimitExceeded,
  );
});

test("a transaction of more than 4 MiB is refused before it is sent", async () => {
  let sent = 0;
  const table = injectFault(openTable(storage, "Large", patient), (send, request) => {
    sent = Buffer.byteLength(String(request.body));
    return send();
  });
  const actions = (count: number): TransactionAction[] =>
    Array.from({ length: count }, (_, index): TransactionAction => {
      return ["upsert", entity({ rowKey: `r${index}`, bytes: Buffer.alloc(MAX_PROPERTY_BYTES) }), "Replace"];
    });
  expect(await submit(table, actions(47))).toMatchObject({ committed: true });
  expect(sent).toBeLessThan(MAX_TRANSACTION_BYTES);
  sent = 0;
  await expect(submit(table, actions(48))).rejects.toThrow(LimitExceeded);
  expect(sent).toBe(0);
});

test("the counted size of a transaction is at least the size sent", async () => {
  let sent = 0;
  const table = injectFault(openTable(storage, "Wire", patient), (send, request) => {
    if (request.url.includes("$batch")) sent = Buffer.byteLength(String(request.body));
    return send();
  });
  const value = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 200 }),
    fc.string({ unit: fc.constantFrom("\u2028", "\u2029"), maxLength: 200 }),
    fc.uint8Array({ maxLength: 2000 }),
    fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    fc.boolean(),
  );
  const properties = fc.dictionary(fc.stringMatching(/^[a-z]{1,20}$/), value, { maxKeys: 12 });
  const kind = fc.constantFrom("create", "upsert", "delete");
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(kind, properties), { minLength: 1, maxLength: 8 }),
      async (operations) => {
        const actions = operations.map(([kind, properties], index): TransactionAction => {
          const row = { ...properties, partitionKey: "p", rowKey: `${run} 'r' ${index}` };
          if (kind === "delete") return ["delete", { partitionKey: row.partitionKey, rowKey: row.rowKey }];
          return kind === "create" ? ["create", row] : ["upsert", row, "Replace"];
        });
        run++;
        await submit(table, actions);
        const counted = actions.reduce((sum, action) => sum + wireBytes(action), 0);
        expect(counted + 300).toBeGreaterThanOrEqual(sent);
        expect(counted).toBeLessThan(1.6 * sent + 1000 * actions.length);
      },
    ),
    { numRuns: 40 },
  );
});

test("keys of numbers sort like the numbers", () => {
  expect([9, 10, 100].map(ordered).toSorted()).toEqual([9, 10, 100].map(ordered));
  expect(ordered(Number.MAX_SAFE_INTEGER)).toBe("9007199254740991");
});

test("keys of different names are different", () => {
  expect(hashed("\ud800")).not.toBe(hashed("\ud801"));
  expect(hashed("a", 16)).toMatch(/^[0-9a-f]{16}$/);
});

test("the end of a prefix follows all keys with the prefix", () => {
  expect("event:9" < endOf("event:") && endOf("event:") < "eventa").toBe(true);
  expect(withPrefix("event:")).toEqual({ from: "event:", before: "event;" });
});
