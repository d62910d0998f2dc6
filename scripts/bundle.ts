import { execFileSync } from "node:child_process";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { codeFiles } from "./code.ts";
import { consoleFiles } from "./console.ts";
import { readArguments } from "./read-arguments.ts";
import { referencePage } from "./reference-page.ts";

const root = resolve(import.meta.dirname, "..");
const outdir = join(root, "dist");
const USAGE = `npm run bundle [-- --debug]    writes dist/, which is deployed
--debug  does not minify the code, and adds source maps`;
const { debug } = readArguments({ debug: { type: "boolean", default: false } }, USAGE).values;

const code = await codeFiles(root, {
  entry: "functions/index.ts",
  debug,
  define: { BUILD_COMMIT: JSON.stringify(commit()) },
  evaluate: "functions/registrations.ts",
  together: {
    receivers: /functions\/(serve|receivers\/index)\.ts$/,
    operations: /functions\/operations\.ts$/,
    telemetry: /shared\/telemetry\/start\.ts$/,
    health: /shared\/health\/(monitor|checks|sightings)\.ts$/,
  },
});
// Chunks are written before the files that import them, and pages after the files that they refer to.
const files = new Map<string, string | Uint8Array>([...code].toReversed());
for (const [folder, page] of Object.entries({
  docs: await referencePage(root),
  console: await consoleFiles(root),
}))
  for (const [name, contents] of page) files.set(join(folder, name), contents);
for (const [name, contents] of files) await place(join(outdir, name), contents);

for (const entry of await readdir(outdir, { recursive: true, withFileTypes: true })) {
  const name = relative(outdir, join(entry.parentPath, entry.name));
  if (entry.isFile() && /\.(mjs|js|css|html|txt)$/.test(name) && !files.has(name))
    await rm(join(outdir, name), { force: true });
}

console.log(
  `dist/app.mjs ${((code.get("app.mjs")?.length ?? 0) / 1000).toFixed(0)} kB and ${code.size - 1} chunks`,
);

/** The commit, for `GET /status`; `unknown` without a git repository. */
function commit(): string {
  try {
    const ask = ["rev-parse", "--short=10", "HEAD"];
    return execFileSync("git", ask, {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return "unknown";
  }
}

/** Replaces a file at once, because other processes may bundle or load at the same time. */
async function place(path: string, contents: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, contents);
  await rename(unfinished, path);
}
