import { expect, test } from "vitest";
import { plural } from "../../shared/core/plural.ts";

test.each([
  [plural(0, "event"), "0 events"],
  [plural(1, "event"), "1 event"],
  [plural(2, "delivery", "deliveries"), "2 deliveries"],
])("a number has its noun in the right form: %s", (text, expected) => {
  expect(text).toBe(expected);
});
