import { expect, test } from "vitest";
import { deferred } from "../../shared/core/deferred.ts";

class Counter {
  #count = 0;
  next(by = 1): number {
    this.#count += by;
    return this.#count;
  }
}

test("the first call loads a deferred object and keeps the `this` of its methods", async () => {
  let loads = 0;
  const counter = deferred(async () => {
    loads += 1;
    return new Counter();
  });
  expect(loads).toBe(0);
  expect(await Promise.all([counter.next(), counter.next(2)])).toEqual([1, 3]);
  expect(loads).toBe(1);
});

test("after a failed load the next call loads a deferred object again", async () => {
  let loads = 0;
  const counter = deferred(async () => {
    loads += 1;
    if (loads === 1) throw new Error("no disk");
    return new Counter();
  });
  await expect(counter.next()).rejects.toThrow("no disk");
  expect(await counter.next()).toBe(1);
});
