import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const rows = readFileSync("SECURITY.md", "utf8")
  .split("\n")
  .filter((line) => /^\|.*\.test\.ts`/.test(line))
  .map((line) => line.split(" | ").at(-1)?.replace(/ \|$/, "") ?? "");

test.each(rows)("shown by %s", (shown) => {
  const tests = shown.split(/; (?=`test)/);
  expect(tests.length).toBeGreaterThan(0);
  for (const one of tests) {
    const [, file = "", title = ""] = /^`(test\/[\w/-]+\.test\.ts)`: (.+)$/.exec(one) ?? [];
    expect(existsSync(file), file).toBe(true);
    expect(readFileSync(file, "utf8").includes(title), `${file}: ${title}`).toBe(true);
  }
});

test("every dependency is one version with a hash", () => {
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
