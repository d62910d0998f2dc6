import { execFileSync } from "node:child_process";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { build, type Plugin } from "esbuild";
import { consoleFiles } from "./console.ts";
import { referencePage } from "./reference-page.ts";

const root = resolve(import.meta.dirname, "..");
const outdir = join(root, "dist");
const { debug } = parseArgs({ options: { debug: { type: "boolean", default: false } } }).values;

/**
 * Bundles what is deployed: `dist/app.mjs`, and a chunk for each part that is loaded only when it is needed. Everything
 * is inlined but `@azure/functions-core`, which the Functions worker itself provides. With `--debug` it is not minified and
 * has source maps.
 */
const { outputFiles, metafile } = await build({
  absWorkingDir: root,
  entryPoints: { app: "functions/index.ts" },
  outdir: "dist",
  outExtension: { ".js": ".mjs" },
  chunkNames: "chunks/[name]-[hash]",
  bundle: true,
  splitting: true,
  minify: !debug,
  sourcemap: debug && "inline",
  write: false,
  metafile: true,
  platform: "node",
  target: "node22",
  // ES modules where a package has them: what is not used of those is left out.
  mainFields: ["module", "main"],
  format: "esm",
  external: ["@azure/functions-core"],
  define: { BUILD_COMMIT: JSON.stringify(commit()) },
  plugins: [requireBuiltins(), deferXml()],
  // CommonJS packages inside an ES module still ask for `require`.
  banner: {
    js: 'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
  },
  legalComments: "none",
  logLevel: "warning",
});

// Chunks before what imports them.
const inOrder = outputFiles.toSorted(
  (a, b) => Number(a.path.endsWith("app.mjs")) - Number(b.path.endsWith("app.mjs")),
);
for (const { path, contents } of inOrder) await place(path, contents);

const pages = { docs: await referencePage(root), console: await consoleFiles(root) };
for (const [folder, files] of Object.entries(pages)) {
  for (const [name, contents] of files) await place(join(outdir, folder, name), contents);
}

const current = new Set([
  ...outputFiles.map(({ path }) => relative(outdir, path)),
  ...Object.entries(pages).flatMap(([folder, files]) => [...files.keys()].map((name) => join(folder, name))),
]);
for (const entry of await readdir(outdir, { recursive: true, withFileTypes: true })) {
  const name = relative(outdir, join(entry.parentPath, entry.name));
  if (entry.isFile() && /\.(mjs|js|css|html|txt)$/.test(name) && !current.has(name))
    await rm(join(outdir, name), { force: true });
}

const entry = metafile.outputs["dist/app.mjs"];
console.log(
  `dist/app.mjs ${((entry?.bytes ?? 0) / 1000).toFixed(0)} kB and ${outputFiles.length - 1} chunks`,
);

/** For `GET /status`. A download has no history. */
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

/** Several processes may bundle or load at the same time: each file appears whole. */
async function place(path: string, contents: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, contents);
  await rename(unfinished, path);
}

/**
 * The tables' SDK imports a parser and a writer of XML, 75 kB, which it needs only for errors that come before the service
 * itself: the parser is loaded by the first of these. Bodies that it would write as XML, of access policies, are not ours.
 */
function deferXml(): Plugin {
  return {
    name: "defer-xml",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^@azure\/core-xml$/ }, ({ path, importer }) =>
        importer.includes("data-tables") ? { path, namespace: "deferred-xml" } : undefined,
      );
      onLoad({ filter: /.*/, namespace: "deferred-xml" }, ({ path }) => ({
        resolveDir: root,
        contents: `export const parseXML = async (...text) => (await import("${path}")).parseXML(...text);
export const stringifyXML = () => { throw new Error("Tables are sent no XML"); };`,
      }));
    },
  };
}

/**
 * Loads Node's own modules by `require`. An ES import makes Node read every export of a module to list them, and those
 * of `node:http` load all of `fetch`: a third of the cold start, for unused names. Each importer has its own wrapper of
 * a few bytes. A shared wrapper would become a chunk, and reading a chunk takes half a millisecond.
 */
function requireBuiltins(): Plugin {
  return {
    name: "require-builtins",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^[a-z]/ }, ({ path, kind, namespace, importer }) => {
        if (!isBuiltin(path)) return undefined;
        // The wrapper itself requires the real module, and a later import gets the whole module.
        return namespace === "builtin" || kind === "require-call" || kind === "dynamic-import"
          ? { path, external: true }
          : { path: `${relative(root, importer)} ${path}`, namespace: "builtin", pluginData: path };
      });
      onLoad({ filter: /.*/, namespace: "builtin" }, ({ pluginData }) => ({
        contents: `module.exports = require(${JSON.stringify(pluginData)})`,
      }));
    },
  };
}
