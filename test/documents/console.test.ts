import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { PAGES } from "../browser/addresses.ts";

test("every route of the console has an address in the tests of its look", () => {
  const routes = readFileSync("console/main.tsx", "utf8").matchAll(
    /<Route (?:path=\{(?:BASE|`\$\{BASE\}(.*)`)\}|(default))/g,
  );
  expect([...routes].map(([, path, other]) => other ?? path ?? "")).toEqual(Object.keys(PAGES));
});
