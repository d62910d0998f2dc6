import { isBuiltin } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Plugin, rolldown } from "rolldown";

type CodeOptions = {
  /** The module that Azure Functions loads. */
  entry: string;
  /** Makes readable code with source maps. */
  debug?: boolean;
  /** Constants and the code that replaces them, as `define` of other bundlers. */
  define?: Record<string, string>;
  /** A module that the bundler runs: its exports, as JSON, replace its code. */
  evaluate?: string;
  /** The modules of each chunk, by the chunk's name. A chunk also has all modules that these import. */
  together?: Record<string, RegExp>;
};

/**
 * The deployed code, by file name: `app.mjs`, and chunks that are loaded when they are needed. Reading a chunk takes half a
 * millisecond at any size. All packages are included except `@azure/functions-core`, which the Functions worker provides.
 */
export async function codeFiles(
  root: string,
  { entry, debug = false, define = {}, evaluate, together = {} }: CodeOptions,
): Promise<Map<string, string>> {
  await using bundle = await rolldown({
    cwd: root,
    input: { app: entry },
    platform: "node",
    // The bundler can remove unused code from ES modules only.
    resolve: { mainFields: ["module", "main"] },
    external: ["@azure/functions-core"],
    transform: { target: "node22", define },
    plugins: [requireBuiltins(), defer(), evaluated(resolve(root, evaluate ?? ""))],
    logLevel: "warn",
  });
  const groups = Object.entries(together).map(([name, test]) => ({ name, test }));
  const { output } = await bundle.generate({
    format: "es",
    entryFileNames: "[name].mjs",
    chunkFileNames: "chunks/[name]-[hash].mjs",
    hashCharacters: "base36",
    codeSplitting: { groups: [{ name: "app", tags: ["$initial"] }, ...groups] },
    minify: !debug,
    comments: false,
    // V8 reads ASCII text faster, and it takes half the memory.
    charset: "ascii",
    sourcemap: debug && "inline",
  });
  return new Map(
    output.map((file) => [file.fileName, file.type === "chunk" ? file.code : String(file.source)]),
  );
}

function evaluated(module: string): Plugin {
  return {
    name: "evaluated",
    async load(id) {
      if (id !== module) return undefined;
      const exported = Object.entries(await import(pathToFileURL(id).href));
      return exported.map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};`).join("\n");
    },
  };
}

/**
 * Packages that the storage SDK imports but seldom needs, each with code that loads it on first use. The XML parser (75
 * kB) reads only XML errors, such as those of a proxy in front of the service. The SDK writes XML only for access
 * policies, which the app does not use. The agents are for a proxy that the environment names.
 */
const DEFERRED: Record<string, string> = {
  "@azure/core-xml": `export const parseXML = async (...text) => (await import("@azure/core-xml")).parseXML(...text);
export const stringifyXML = () => { throw new Error("The app sends no XML to Table Storage"); };`,
  "http-proxy-agent": `export function HttpProxyAgent(proxy) { return new (require("http-proxy-agent").HttpProxyAgent)(proxy); }`,
  "https-proxy-agent": `export function HttpsProxyAgent(proxy) { return new (require("https-proxy-agent").HttpsProxyAgent)(proxy); }`,
};

function defer(): Plugin {
  const prefix = "\0deferred:";
  return {
    name: "defer",
    resolveId: (source, importer = "") =>
      source in DEFERRED && /data-tables|ts-http-runtime/.test(importer) ? prefix + source : undefined,
    load: (id) => (id.startsWith(prefix) ? DEFERRED[id.slice(prefix.length)] : undefined),
  };
}

/**
 * Loads Node's own modules by `require`. For an ES import, Node reads every export of a module. The exports of
 * `node:http` load all of `fetch`, which took a third of the cold start and is not used.
 */
function requireBuiltins(): Plugin {
  const prefix = "\0builtin:";
  return {
    name: "require-builtins",
    resolveId(source, importer = "", { kind }) {
      // The bundler makes its own `require` with an import.
      if (!isBuiltin(source) || importer.includes("rolldown/runtime")) return undefined;
      // The wrapper itself requires the real module, and a later import gets the whole module.
      return importer.startsWith(prefix) || kind !== "import-statement"
        ? { id: source, external: true }
        : { id: prefix + source };
    },
    load: (id) =>
      id.startsWith(prefix)
        ? `module.exports = require(${JSON.stringify(id.slice(prefix.length))})`
        : undefined,
  };
}
