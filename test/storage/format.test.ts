import { expect, test } from "vitest";
import { StorageUnavailable } from "../../shared/core/errors.ts";
import { checkFormat, FORMAT, NewerFormat } from "../../shared/storage/format.ts";

test("a row of this build's format or without a format is returned", () => {
  expect(checkFormat({ format: FORMAT, n: 1 }, "event log")).toEqual({ format: FORMAT, n: 1 });
  expect(checkFormat({ n: 1 } as { format?: number; n: number }, "event log")).toEqual({ n: 1 });
});

test("a row of a newer format is a 503 that tells the operator what to deploy", () => {
  const read = () => checkFormat({ format: FORMAT + 1 }, "event log");
  expect(read).toThrow(NewerFormat);
  expect(read).toThrow(StorageUnavailable);
  expect(read).toThrow(/event log was written by a newer version.*Deploy/);
});
