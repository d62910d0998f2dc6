import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { LogEntry } from "../../local/host/log.ts";
import { type Host, startHost } from "../../local/host/start-host.ts";
import { fixture, startHostProcess } from "./host-process.ts";

const directory = mkdtempSync(join(tmpdir(), "bundle-"));
const bundle = join(directory, "app.mjs");
const log: LogEntry[] = [];
let host: Host;

// Bundled like the deployed app: ESM in one file, with the core module external.
beforeAll(async () => {
  await build({
    entryPoints: [fixture("echo.mjs")],
    outfile: bundle,
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    external: ["@azure/functions-core"],
    banner: {
      js: 'import { createRequire } from "node:module";const require = createRequire(import.meta.url);',
    },
    logLevel: "error",
  });
  host = await startHost({ app: bundle, port: 0, log: (entry) => log.push(entry) });
});
afterAll(async () => {
  await host.close();
  rmSync(directory, { recursive: true });
});

test("startHost serves a bundle in this process with the given log function", async () => {
  expect(host.url).toBe(`http://127.0.0.1:${host.port}`);
  expect(host.functions).toHaveLength(6);
  expect((await fetch(`${host.url}/api/answers/log`)).status).toBe(200);
  expect(log).toContainEqual({
    level: "warning",
    message: "careful",
    function: "Answers",
    invocationId: expect.any(String),
  });
});

test("startHost refuses a second app in the same process", async () => {
  await expect(startHost({ app: fixture("echo.mjs"), port: 0 })).rejects.toThrow(
    "A process can host only one app",
  );
});

test("the same bundle is served by a process of its own", async () => {
  const other = await startHostProcess({ app: bundle });
  expect((await fetch(`${other.url}/api/tickets/1`)).status).toBe(200);
  await other.stop();
});
