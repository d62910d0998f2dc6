import { expect, test } from "vitest";
import { fromLocal, toLocal } from "../../console/parts/local-time.ts";

test("a minute in UTC is the same after it was shown in a field for local time", () => {
  const iso = "2026-07-15T22:45:00.000Z";
  expect(fromLocal(toLocal(iso))).toBe(iso);
});

test("a missing or invalid time leaves the field empty", () => {
  expect([toLocal(undefined), toLocal("soon")]).toEqual(["", ""]);
});

test("an empty field is no time", () => {
  expect([fromLocal(undefined), fromLocal("")]).toEqual([undefined, undefined]);
});
