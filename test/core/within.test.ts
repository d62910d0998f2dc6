import { expect, test } from "vitest";
import { within } from "../../shared/core/within.ts";

test("within gives the result or error of work that ends in time", async () => {
  expect(await within(1_000, Promise.resolve("done"), "late")).toBe("done");
  await expect(within(1_000, Promise.reject(new Error("no")), "late")).rejects.toThrow("no");
});

test("within gives the value for late work when the time limit is over", async () => {
  expect(await within(1, new Promise(() => {}), "late")).toBe("late");
});
