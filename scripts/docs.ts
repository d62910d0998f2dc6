import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { operations } from "../functions/operations.ts";
import { tags } from "../functions/tags.ts";
import type { Operation } from "../shared/http/operation.ts";
import { readArguments } from "./read-arguments.ts";

const USAGE = `npm run docs [-- --check]    writes the tables of docs/operations.md from the declared operations, below its introduction
--check  writes nothing, and exits with 1 when the file would change`;
const { values } = readArguments({ check: { type: "boolean" } }, USAGE);
const path = join(resolve(import.meta.dirname, ".."), "docs/operations.md");
const START = "<!-- From here on: npm run docs -->";
const HEAD = "| call | id | what it does | key |\n| --- | --- | --- | --- |";

const tables = Object.entries(tags).flatMap(([tag, about]) => {
  const rows = operations.filter((operation) => operation.tag === tag).map(toRow);
  return rows.length > 0 ? [`## ${tag}\n\n${about}\n\n${HEAD}\n${rows.join("\n")}`] : [];
});

function toRow({ method, route, id, description, anonymous, input }: Operation<never>): string {
  const key = !anonymous ? "function key" : input.delivery ? "webhook credentials" : "none";
  return `| \`${method} /${route}\` | ${id} | ${firstSentence(description)} | ${key} |`;
}

function firstSentence(description: string): string {
  return description.split(/(?<=\.) /, 1)[0] ?? "";
}

const undescribed = operations.find(({ tag }) => !(tag in tags));
if (undescribed) {
  throw new Error(`functions/tags.ts does not describe the tag ${undescribed.tag} of ${undescribed.id}`);
}
const written = await readFile(path, "utf8");
const [introduction] = written.split(START);
const text = `${introduction}${START}\n\n${tables.join("\n\n")}\n`;
if (!values.check) {
  await writeFile(path, text);
} else if (written !== text) {
  console.error("docs/operations.md differs from the declared operations: run npm run docs");
  process.exitCode = 1;
}
