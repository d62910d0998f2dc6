import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { expect, test } from "vitest";
import { operations } from "../../functions/operations.ts";
import {
  InvalidInput,
  KeyReused,
  TooLarge,
  Unauthorized,
  UnsupportedMediaType,
} from "../../shared/core/errors.ts";
import { environmentFor, SETTING_NAMES } from "../../shared/core/settings.ts";
import { toJsonSchema } from "../../shared/publish/json-schema.ts";
import { NewSubscription } from "../../shared/schemas/subscription.ts";

test("docs/operations.md has every declared operation", () => {
  expect(() =>
    execFileSync(process.execPath, ["scripts/docs.ts", "--check"], { stdio: "pipe" }),
  ).not.toThrow();
});

test("docs/operations.md explains every error status that a caller can get", () => {
  const cells = readFileSync("docs/operations.md", "utf8").matchAll(/^\| ([\d, ]+) \|/gm);
  const explained = [...cells].flatMap(([, cell = ""]) => cell.split(", ").map(Number));
  const statuses = operations
    .filter(({ tag }) => tag !== "Receivers")
    .flatMap(({ errors = [] }) => errors.map((ErrorClass) => new ErrorClass("").status));
  const always = [InvalidInput, Unauthorized, TooLarge, UnsupportedMediaType, KeyReused].map(
    (ErrorClass) => new ErrorClass("").status,
  );
  expect(explained.sort()).toEqual([...new Set([...statuses, ...always])].sort());
});

test("docs/subscribing.md lists the fields of a new subscription", () => {
  const fields = readFileSync("docs/subscribing.md", "utf8")
    .split("## ")[0]
    ?.match(/(?<=^\| `)\w+(?=` \|)/gm);
  expect(fields).toEqual(Object.keys(toJsonSchema(NewSubscription).properties ?? {}));
});

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

/** The anchors of a page's headings on GitHub. */
function headingsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, "")
      .replaceAll(" ", "-"),
  );
}
