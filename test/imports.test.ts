import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const IMPORT = /\b(?:from|import\()\s*"(\.[^"]+)"/g;

/** The modules of the app, and what each imports: types too, since a reader follows them as well. */
const imports = new Map(
  globSync("{shared,functions}/**/*.ts").map((file) => {
    const found = readFileSync(file, "utf8").matchAll(IMPORT);
    return [file, [...found].map(([, path = ""]) => join(dirname(file), path))];
  }),
);

/** The circle that a module is in, or `undefined`. */
function circleFrom(file: string, path: string[] = [], seen = new Set<string>()): string[] | undefined {
  if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
  if (seen.has(file)) return undefined;
  seen.add(file);
  for (const next of imports.get(file) ?? []) {
    const circle = circleFrom(next, [...path, file], seen);
    if (circle) return circle;
  }
  return undefined;
}

test("modules do not import each other in a circle", () => {
  const seen = new Set<string>();
  const circles = [...imports.keys()].map((file) => circleFrom(file, [], seen)).filter(Boolean);
  expect(circles).toEqual([]);
});

test.each([
  ["shared/", /^functions\//],
  ["shared/core/", /^shared\/(?!core\/)/],
  ["shared/http/", /^shared\/(livechat|event-log|tickets|reconcile|subscriptions)\//],
  ["shared/livechat/", /^shared\/(http|event-log|storage|tickets|reconcile|subscriptions)\//],
  ["shared/storage/", /^shared\/(http|livechat|event-log|tickets|reconcile|subscriptions)\//],
])("%s does not import %s", (folder, forbidden) => {
  const arrows = [...imports].flatMap(([file, targets]) =>
    file.startsWith(folder) ? targets.filter((target) => forbidden.test(target)).map((to) => [file, to]) : [],
  );
  expect(arrows).toEqual([]);
});
