import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { azdWantsRemoteBuild, leftByAzd, leftByCoreTools, leftByGit } from "./funcignore-readers.ts";

const built = ["dist/app.mjs", "dist/chunks/identity-ABCDEFGH.mjs", "dist/docs/assets/page.css"];

/** Other files of a developer's machine, some with names like deployed files. */
const stray = [
  ".azure/livechat/.env",
  ".azurite/__azurite_db_table__.json",
  ".env",
  ".vscode/settings.json",
  "dist.zip",
  "distribution/app.mjs",
  "local.settings.json",
  "local/dist/app.mjs",
  "local/host.json",
  "node_modules/.package-lock.json",
  "node_modules/.bin/func",
  "node_modules/@azure/identity/dist/index.js",
  "node_modules/ky/package.json",
  "notes/host.json",
  "npm-debug.log",
  "secrets.json",
];

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "funcignore-"));
  const tracked = execFileSync("git", ["ls-files", "-z"], { encoding: "utf8" }).split("\0").filter(Boolean);
  for (const path of new Set([...tracked, ...built, ...stray])) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), "");
  }
  copyFileSync(".funcignore", join(folder, ".funcignore"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("only host.json, package.json and the bundle are deployed", () => {
  const expected = [...built, "host.json", "package.json"].toSorted();

  test("git's reading of .funcignore leaves host.json, package.json and the bundle", async () => {
    expect(await leftByGit(folder)).toEqual(expected);
  });

  test("azd's reading of .funcignore leaves host.json, package.json and the bundle", () => {
    expect(leftByAzd(folder)).toEqual(expected);
  });

  test("Core Tools' reading of .funcignore leaves host.json, package.json and the bundle", () => {
    expect(leftByCoreTools(folder)).toEqual(expected);
  });
});

test("azd deploys the package without a build in Azure", () => {
  expect(azdWantsRemoteBuild(folder)).toBe(false);
});
