import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { environmentFor, SETTING_NAMES } from "../../shared/core/settings.ts";

test("docs/operations.md has every declared operation", () => {
  expect(() =>
    execFileSync(process.execPath, ["scripts/docs.ts", "--check"], { stdio: "pipe" }),
  ).not.toThrow();
});

describe("docs/settings.md", () => {
  const defaults = v.getDefaults(v.object(environmentFor("v2")));
  const rows = readFileSync("docs/settings.md", "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.slice(2, -2).split(" | "));
  const rowOf = (name: string) => rows.find(([names]) => names?.includes(`\`${name}\``));

  test.each(SETTING_NAMES)("docs/settings.md describes %s with its default", (name) => {
    const [, meaning, shown] = rowOf(name) ?? [];
    expect(meaning).toMatch(/.{10}/);
    const value = defaults[name];
    if (typeof value === "string" && value !== "") expect(shown).toContain(`\`${value}\``);
  });

  test("docs/settings.md describes no other setting", () => {
    const names = rows.flatMap(([names]) => names?.match(/(?<=`)\w+(?=`)/g) ?? []);
    expect(names.filter((name) => !(SETTING_NAMES as string[]).includes(name))).toEqual([]);
  });
});

test("the README has at most 100 lines", () => {
  expect(readFileSync("README.md", "utf8").trimEnd().split("\n").length).toBeLessThanOrEqual(100);
});

const pages = [
  ...readdirSync(".").filter((name) => name.endsWith(".md")),
  ...readdirSync("docs")
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
  "connector/README.md",
];

test.each(pages)("every link of %s leads to an existing file and heading", (page) => {
  const text = readFileSync(page, "utf8").replaceAll(/^```.*?^```/gms, "");
  for (const [, target = ""] of text.matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
    const [path, heading] = target.split("#");
    const file = path ? join(dirname(page), path) : page;
    expect(existsSync(file), `${page}: ${target}`).toBe(true);
    if (heading) expect(headingsOf(readFileSync(file, "utf8")), `${page}: ${target}`).toContain(heading);
  }
});

/** The anchors that GitHub makes of a page's headings. */
function headingsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, "")
      .replaceAll(" ", "-"),
  );
}
