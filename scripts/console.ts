import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { build } from "esbuild";
import { operations } from "../functions/operations.ts";

/**
 * The files of the console, by name: scripts, style sheets, and last the page `index.html`. Names of scripts and style
 * sheets have a hash of their content.
 */
export async function consoleFiles(root: string): Promise<Map<string, string | Uint8Array>> {
  const outdir = join(root, "dist/console");
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: { main: "console/main.tsx" },
    outdir: "dist/console",
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    metafile: true,
    platform: "browser",
    target: ["es2023"],
    format: "esm",
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none",
    logLevel: "warning",
    plugins: [
      {
        name: "routes",
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /^routes$/ }, ({ path }) => ({ path, namespace: "routes" }));
          onLoad({ filter: /.*/, namespace: "routes" }, () => ({
            contents: `export const routes = ${JSON.stringify(
              Object.fromEntries(operations.map(({ id, method, route }) => [id, { method, route }])),
            )}`,
          }));
        },
      },
    ],
  });
  const files = new Map<string, string | Uint8Array>(
    outputFiles.map(({ path, contents }) => [relative(outdir, path), contents]),
  );
  const entry = Object.entries(metafile.outputs).find(
    ([, { entryPoint }]) => entryPoint === "console/main.tsx",
  );
  const [script = "", { cssBundle = "" } = {}] = entry ?? [];
  const page = await readFile(join(root, "console/index.html"), "utf8");
  const name = (path: string) => relative("dist/console", path);
  return files.set("index.html", page.replace("main.js", name(script)).replace("main.css", name(cssBundle)));
}
