import { expect, test } from "vitest";
import { within } from "../../shared/core/within.ts";

test("work that ends in time is what counts, and its failure too", async () => {
  expect(await within(1_000, Promise.resolve("done"), "late")).toBe("done");
  await expect(within(1_000, Promise.reject(new Error("no")), "late")).rejects.toThrow("no");
});

test("work that takes too long is answered for", async () => {
  expect(await within(1, new Promise(() => {}), "late")).toBe("late");
});
