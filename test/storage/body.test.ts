import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  compress,
  decompress,
  fromProperties,
  MAX_BYTES_PER_ROW,
  MAX_TEXT_BYTES,
  PROPERTIES_PER_ROW,
  toPieces,
  toProperties,
} from "../../shared/storage/body.ts";
import { checkEntity, MAX_PROPERTY_BYTES } from "../../shared/storage/limits.ts";

test("any text is the same after compression and decompression", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary", maxLength: 300 }), async (text) => {
      expect(await decompress(await compress(text))).toBe(text);
    }),
    { numRuns: 50 },
  );
  const long = randomBytes(300_000).toString("base64");
  expect(await decompress(await compress(long))).toBe(long);
});

test("a text of more than 64 MiB is not decompressed", async () => {
  const bomb = await compress("0".repeat(MAX_TEXT_BYTES + 1));
  await expect(decompress(bomb)).rejects.toThrow();
});

test("bytes of any length are the same after they were cut into rows", () => {
  const lengths = [
    0,
    1,
    MAX_PROPERTY_BYTES,
    MAX_PROPERTY_BYTES + 1,
    MAX_BYTES_PER_ROW,
    MAX_BYTES_PER_ROW + 1,
  ];
  for (const length of [...lengths, 3 * MAX_BYTES_PER_ROW - 1]) {
    const bytes = randomBytes(length);
    const rows = toPieces(bytes).map(toProperties);
    for (const row of rows) {
      expect(Object.keys(row).length).toBeLessThanOrEqual(PROPERTIES_PER_ROW);
      checkEntity({
        partitionKey: "p".repeat(512),
        rowKey: "r".repeat(512),
        others: "x".repeat(8000),
        ...row,
      });
    }
    expect(rows.length).toBe(Math.max(1, Math.ceil(length / MAX_BYTES_PER_ROW)));
    expect(Buffer.concat(rows.map(fromProperties)).equals(bytes)).toBe(true);
  }
});
