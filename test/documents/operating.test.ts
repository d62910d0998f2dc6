import { readdirSync, readFileSync } from "node:fs";
import { expect, inject, test } from "vitest";
import { operations } from "../../functions/operations.ts";
import { queues } from "../../functions/queues.ts";
import { createServices } from "../../functions/services.ts";
import { timers } from "../../functions/timers.ts";
import { SETTING_NAMES } from "../../shared/core/settings.ts";
import { checksOf } from "../../shared/health/checks.ts";

const guide = readFileSync("docs/operating.md", "utf8");
const workbook = readFileSync("infra/workbook.json", "utf8");
const sources = ["functions", "shared"].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(`${folder}/${name}`, "utf8")),
);
const code = sources.join("\n");
/** Whether a file writes log lines; in other files `message` is a field of a schema. */
const isLogging = (source: string) => /\blog\(|\bconsole\./.test(source);

test("docs/operating.md and the workbook name exactly the metrics of the code", () => {
  const measured = new Set(code.match(/(?<=")livechat\.(?!event\b|outcome|waited)[a-z.]+(?=", \{)/g));
  const described = new Set(guide.match(/livechat\.[a-z.]+(?=`)/g));
  expect([...described].sort()).toEqual([...measured].sort());
  const asked = new Set(
    [...`${guide}\n${workbook}`.matchAll(/name (?:==|in) [^\n]*?\\?"livechat[^|]*/g)].flatMap(
      ([text]) => text.match(/livechat\.[a-z.]+/g) ?? [],
    ),
  );
  expect(asked.size).toBeGreaterThan(5);
  for (const name of asked) expect(measured, name).toContain(name);
});

test("the log lines of docs/operating.md are those that the code writes", () => {
  const table = guide.slice(guide.indexOf("| message | fields |"), guide.indexOf("Spans and metrics"));
  const firstCells = table.split("\n").map((row) => row.split(" | ")[0] ?? "");
  const lines = firstCells.flatMap((cell) =>
    cell.includes(" with ") ? [] : (cell.match(/(?<=`)[A-Za-z ]+(?=`)/g) ?? []),
  );
  const calls = /\b(?:log|logWhenSkipped|logSettled)\(\s*"([^"]+)"|\bmessage(?: =|:) "([^"]+)"/g;
  const written = sources.filter(isLogging).flatMap((source) => [...source.matchAll(calls)]);
  expect(lines.length).toBeGreaterThan(10);
  expect(new Set(lines)).toEqual(new Set(written.map(([, line, message]) => line ?? message)));
});

test("every timer and queue function that the documents name exists", () => {
  const texts = readdirSync("docs").filter((name) => name.endsWith(".md"));
  const documents = ["README.md", "CONTRIBUTING.md", "SECURITY.md", ...texts.map((name) => `docs/${name}`)];
  const named = documents.flatMap(
    (path) => readFileSync(path, "utf8").match(/\b[A-Z]\w+(?:Timer|Queue)\b/g) ?? [],
  );
  const text = { AzureWebJobsStorage: inject("storage"), LIVECHAT_API: "text" };
  const exist = [...timers(text), ...queues(text)].map(({ id }) => id);
  expect(named.length).toBeGreaterThan(3);
  for (const name of named) expect(exist).toContain(name);
});

test("docs/operating.md names exactly the checks of the app", () => {
  const storage = { AzureWebJobsStorage: inject("storage"), LIVECHAT_API_KEY: "-" };
  const text = { LIVECHAT_API: "text", LIVECHAT_ACCOUNT_ID: "-", LIVECHAT_CLIENT_ID: "-" };
  const apps = [storage, { ...storage, ...text, LIVECHAT_WEBHOOK_PASSWORD: "-" }].map(createServices);
  const unseen = { see: async () => ({ since: "" }), touch: async () => {}, touched: async () => undefined };
  const checks = apps.flatMap((app) =>
    checksOf(app, { sightings: unseen, now: Date.now }).map(({ name }) => name),
  );
  const rows = guide.split("\n").filter((line) => line.startsWith("| ") && line.split(" | ").length === 4);
  const named = rows.slice(2).flatMap((row) => row.split(" | ")[1]?.match(/(?<=`)[\w.]+(?=`)/g) ?? []);
  for (const name of named) expect(checks).toContain(name);
  expect(checks.filter((name) => !named.includes(name))).toEqual([]);
});

test("docs/operating.md names only existing operations", () => {
  const calls = operations.map(({ method, route }) => `${method} /${route}`);
  for (const [, method, path] of guide.matchAll(/`(GET|POST|PUT|DELETE) (?:\/api)?(\/[^`]*)`/g)) {
    expect(calls).toContain(`${method} ${path}`);
  }
});

test("docs/operating.md names only existing settings", () => {
  for (const [name] of guide.matchAll(/\b(LIVECHAT_[A-Z_]+|WEBHOOK_BASE_URL)\b/g)) {
    expect(SETTING_NAMES).toContain(name);
  }
});
