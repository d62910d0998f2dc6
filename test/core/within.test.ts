import { expect, test } from "vitest";
import { within } from "../../shared/core/within.ts";

test("work that ends in time gives its own result or error", async () => {
  expect(await within(1_000, Promise.resolve("done"), "late")).toBe("done");
  await expect(within(1_000, Promise.reject(new Error("no")), "late")).rejects.toThrow("no");
});

test("work that takes too long gives the result of the time limit", async () => {
  expect(await within(1, new Promise(() => {}), "late")).toBe("late");
});
