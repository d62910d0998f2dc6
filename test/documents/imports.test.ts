import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const IMPORT = /\b(?:from|import\(|import)\s*"(\.[^"]+)"/g;

/** The modules of the app and their imports, with those of types, because a reader follows them too. */
const imports = new Map(
  globSync("{shared,functions}/**/*.ts").map((file) => {
    const found = readFileSync(file, "utf8").matchAll(IMPORT);
    return [file, [...found].map(([, path = ""]) => join(dirname(file), path))];
  }),
);

/** The folders of `shared/`, and the folders that their modules import. */
const folderImports = new Map<string, string[]>();
for (const [file, targets] of imports) {
  const [top, folder = ""] = file.split("/");
  if (top !== "shared") continue;
  const others = targets.map((target) => target.split("/")[1] ?? "").filter((other) => other !== folder);
  folderImports.set(folder, [...(folderImports.get(folder) ?? []), ...others]);
}

/** The circles of a graph. */
function circlesOf(graph: Map<string, string[]>): string[][] {
  const seen = new Set<string>();
  const circleFrom = (node: string, path: string[] = []): string[] | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
    if (seen.has(node)) return undefined;
    seen.add(node);
    for (const next of graph.get(node) ?? []) {
      const circle = circleFrom(next, [...path, node]);
      if (circle) return circle;
    }
    return undefined;
  };
  return [...graph.keys()].map((node) => circleFrom(node)).filter((circle) => circle !== undefined);
}

test.each([
  ["modules", imports],
  ["folders of shared/", folderImports],
])("%s have no import circle", (_, graph) => {
  expect(circlesOf(graph)).toEqual([]);
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
