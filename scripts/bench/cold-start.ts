import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";

type ColdStart = {
  /** CPU time of a process that does nothing, in milliseconds. */
  bareMs: number;
  /** CPU time of a process that loads the bundle until every function is registered, in milliseconds. */
  loadMs: number;
  /** `loadMs` divided by `bareMs`. The aim is at most 3.5. */
  ratio: number;
  /** Size of the code that is read before the first function is registered: the entry and its static imports. */
  bundleKb: number;
  functions: number;
};

/** Measures the CPU time of whole processes, which other load on the machine hardly changes. The fastest of each kind is used. */
export function measureColdStart(runs = 10): ColdStart {
  const bare: number[] = [];
  const load: number[] = [];
  let functions = 0;
  for (let run = 0; run < runs; run++) {
    bare.push(printed("-p", "const { user, system } = process.cpuUsage(); (user + system) / 1000"));
    const loaded = printed(LOADER);
    load.push(loaded.cpuMs);
    functions = loaded.functions;
  }
  const [bareMs, loadMs] = [Math.min(...bare), Math.min(...load)];
  return {
    bareMs,
    loadMs,
    ratio: loadMs / bareMs,
    bundleKb: [...importedBy("dist/app.mjs")].reduce((sum, file) => sum + statSync(file).size, 0) / 1000,
    functions,
  };
}

/** Plain JavaScript, so the measured time includes no type stripping. */
const LOADER = "scripts/bench/load-app.mjs";

/** A built file with its static imports, without the chunks that it loads later by `import(…)`. */
export function importedBy(file: string, found = new Set<string>()): Set<string> {
  found.add(file);
  for (const [, path = ""] of readFileSync(file, "utf8").matchAll(/(?:from|import)"(\.[^"]+\.mjs)"/g)) {
    const imported = join(file, "..", path);
    if (!found.has(imported)) importedBy(imported, found);
  }
  return found;
}

/** Runs Node.js without a compile cache, as a new instance does, and reads the JSON that it prints. */
function printed(...args: string[]) {
  const env = { PATH: process.env.PATH, NODE_DISABLE_COMPILE_CACHE: "1" };
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8", env }));
}
