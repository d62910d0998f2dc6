import { isBuiltin } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Plugin, rolldown } from "rolldown";

export type CodeOptions = {
  /** The module that Azure Functions loads. */
  entry: string;
  /** Not minified, with source maps. */
  debug?: boolean;
  /** Names that are replaced by a text, as `define` of other bundlers. */
  define?: Record<string, string>;
  /** A module that is run now, and whose exports, which JSON can hold, take the place of its code. */
  evaluate?: string;
  /** Modules whose code is loaded together: each of these is one chunk, with all that its modules import. */
  together?: Record<string, RegExp>;
};

/**
 * The code that is deployed, by file name: `app.mjs`, and chunks for the parts that are loaded only when they are needed.
 * Everything is inlined but `@azure/functions-core`, which the Functions worker itself provides. To read a chunk takes half a
 * millisecond, however small it is.
 */
export async function codeFiles(
  root: string,
  { entry, debug = false, define = {}, evaluate, together = {} }: CodeOptions,
): Promise<Map<string, string>> {
  await using bundle = await rolldown({
    cwd: root,
    input: { app: entry },
    platform: "node",
    // ES modules where a package has them: what is not used of those is left out.
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
    // V8 reads a text of ASCII alone faster, and keeps it in half the memory.
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
 * What the storage SDK imports and hardly ever needs, and what takes its place there until it does: a parser and a writer
 * of XML, 75 kB, for errors that come before the service itself (bodies that it would write as XML, of access policies, are
 * not ours), and the agents for a proxy that the environment names.
 */
const DEFERRED: Record<string, string> = {
  "@azure/core-xml": `export const parseXML = async (...text) => (await import("@azure/core-xml")).parseXML(...text);
export const stringifyXML = () => { throw new Error("Tables are sent no XML"); };`,
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
 * Loads Node's own modules by `require`. An ES import makes Node read every export of a module to list them, and those
 * of `node:http` load all of `fetch`: a third of the cold start, for unused names.
 */
function requireBuiltins(): Plugin {
  const prefix = "\0builtin:";
  return {
    name: "require-builtins",
    resolveId(source, importer = "", { kind }) {
      // The bundler's own `require` is made by an import.
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
