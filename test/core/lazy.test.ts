import { expect, test } from "vitest";
import { lazily, lazy } from "../../shared/core/lazy.ts";

test("a lazy value is made once, by the first call", () => {
  let made = 0;
  const value = lazy(() => ++made);
  expect(made).toBe(0);
  expect([value(), value()]).toEqual([1, 1]);
});

test("a lazy promise is shared until it rejects", async () => {
  let made = 0;
  const value = lazy(async () => {
    made += 1;
    if (made === 1) throw new Error("no disk");
    return made;
  });
  const both = [value(), value()];
  expect(await Promise.allSettled(both)).toMatchObject([{ status: "rejected" }, { status: "rejected" }]);
  expect(made).toBe(1);
  expect(await value()).toBe(2);
});

test("a lazy value is made again after its function threw", () => {
  let made = 0;
  const value = lazy(() => {
    made += 1;
    if (made === 1) throw new Error("no setting");
    return made;
  });
  expect(value).toThrow("no setting");
  expect(value()).toBe(2);
});

test("a lazy value with freshFor is made again after that time", () => {
  let made = 0;
  let time = 1_000;
  const value = lazy(() => ++made, { freshFor: 10, now: () => time });
  expect(value()).toBe(1);
  time = 1_009;
  expect(value()).toBe(1);
  time = 1_010;
  expect(value()).toBe(2);
});

test("a property of a lazy object is made at its first read, also by another property", () => {
  const made: string[] = [];
  const all: { a: number; b: number } = lazily<{ a: number; b: number }>({
    a: () => made.push("a"),
    b: () => made.push("b") + all.a,
  });
  expect(made).toEqual([]);
  expect(all.b).toBe(3);
  expect(all.b).toBe(3);
  expect(made).toEqual(["b", "a"]);
});
