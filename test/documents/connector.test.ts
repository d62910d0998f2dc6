import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CORRECTIONS } from "../publish/microsoft.ts";

test("connector/README.md lists every correction of Microsoft's reference", () => {
  const rows = readFileSync("connector/README.md", "utf8").matchAll(
    /^\| `(\w+)` `([\w.]+)` \| [^|]* \| "([^"|]*)"(?:, "([^"|]*)")? *\| ([^|]*) \|$/gm,
  );
  const listed = [...rows].map(([, place, key, title, description, reason]) => {
    return [`${place} ${key}`, { title, description, reason }];
  });
  expect(Object.fromEntries(listed)).toEqual(CORRECTIONS);
});
