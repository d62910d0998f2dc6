import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const rows = readFileSync("SECURITY.md", "utf8")
  .split("\n")
  .filter((line) => /^\|.*\.test\.ts`/.test(line))
  .map((line) => line.split(" | ").at(-1)?.replace(/ \|$/, "") ?? "");

test.each(rows)("the tests that SECURITY.md names exist and run: %s", (shown) => {
  const tests = shown.split(/; (?=`test)/);
  expect(tests.length).toBeGreaterThan(0);
  for (const one of tests) {
    const [, file = "", title = ""] = /^`(test\/[\w/-]+\.test\.ts)`: (.+)$/.exec(one) ?? [];
    expect(existsSync(file), file).toBe(true);
    expect(runs(readFileSync(file, "utf8"), title), `${file}: ${title}`).toBe(true);
  }
});

test.each([
  ['test("a", () => {});', true],
  ['describe("a", () => {});', true],
  ['it.each([f(1)])(\n  "a",\n  () => {});', true],
  ['test.{skip}("a", () => {});', false],
  ['describe.{skip}("x", () => { test("a", () => {}); });', false],
  ['test("a", () => {});\ntest.{only}("b", () => {});', false],
  ['// test("a", () => {});', false],
  ['const title = "a";', false],
])("only tests that run are found in the source %j", (source, expected) => {
  // Braces split these words, because this file is searched too.
  expect(runs(source.replace(/\{(\w+)\}/, "$1"), "a")).toBe(expected);
});

/** Whether a file has a test or a group with this title, and skips no test. */
function runs(file: string, title: string): boolean {
  // Browser tests are skipped only without Chromium.
  const source = file.replace("describe.skipIf(CHROMIUM === undefined)", "describe");
  if (/\.(?:skip|todo|only|skipIf|runIf|fails)\b/.test(source)) return false;
  const code = source.replaceAll(/^\s*\/\/.*$/gm, "");
  return ['"', "'", "`"].some((quote) => {
    const at = code.indexOf(`${quote}${title}${quote},`);
    return at >= 0 && /\(\s*$/.test(code.slice(0, at));
  });
}

test("every dependency has one exact version and a hash", () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    expect(version, name).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
  }
  const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as {
    packages: Record<string, { integrity?: string; inBundle?: boolean }>;
  };
  for (const [name, { integrity, inBundle }] of Object.entries(packages)) {
    if (name === "" || inBundle) continue;
    expect(integrity, name).toMatch(/^sha512-/);
  }
});
