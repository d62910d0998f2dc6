import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const page = readFileSync("docs/architecture.md", "utf8");
const [, ...sections] = page.split(/^## /m);
const paths = sections
  .map((text) => ({
    title: text.split("\n")[0] ?? "",
    steps: [...text.matchAll(/^\d+\. `([\w./-]+\.ts)` `(\w+)` /gm)].map(([, file = "", name = ""]) => {
      return { file, name };
    }),
    numbered: text.match(/^\d+\. /gm)?.length ?? 0,
  }))
  .filter(({ numbered }) => numbered > 0);

test("docs/architecture.md has four paths of at most twelve steps", () => {
  expect(paths).toHaveLength(4);
  for (const { steps, numbered } of paths) {
    expect(steps).toHaveLength(numbered);
    expect(numbered).toBeLessThanOrEqual(12);
  }
});

test.each(paths)('each step of the path "$title" names a declaration of an existing file', ({ steps }) => {
  for (const { file, name } of steps) {
    const declaration = new RegExp(`\\b(?:function|class|const|type) ${name}\\b`);
    expect(readFileSync(file, "utf8"), `${file} ${name}`).toMatch(declaration);
  }
});

test.each(paths)('each step in shared/ of the path "$title" is imported by an earlier step', ({ steps }) => {
  const imported = new Set<string>();
  for (const { file } of steps) {
    if (file.startsWith("shared/")) expect(imported, file).toContain(file);
    const imports = readFileSync(file, "utf8").matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g);
    for (const [, path = ""] of imports) imported.add(join(dirname(file), path));
  }
});

test("every file and function that docs/architecture.md names exists", () => {
  const names = [...page.matchAll(/`([^`\n]+)`/g)].map(([, name = ""]) => name);
  const files = names.filter((name) => /^(?:functions|shared|test)\/.+\.ts$/.test(name));
  for (const file of files) expect(existsSync(file), file).toBe(true);
  const code = files.map((file) => readFileSync(file, "utf8")).join("\n");
  const functions = names.filter((name) => /^#?[a-z]+[A-Z]\w+$/.test(name));
  expect(functions.length).toBeGreaterThan(20);
  for (const name of functions) expect(code).toMatch(new RegExp(`(?<![\\w#])${name}\\b`));
});
