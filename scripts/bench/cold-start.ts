import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";

type ColdStart = {
  /** Milliseconds of a process that does nothing. */
  bareMs: number;
  /** Milliseconds of a process that loads the bundle until every function is registered. */
  loadMs: number;
  /** `loadMs` divided by `bareMs`. The aim is at most 3.5. */
  ratio: number;
  /** Size of the code that is read before the first function is registered: the entry and its static imports. */
  bundleKb: number;
  functions: number;
};

/**
 * Measures whole processes, both kinds in turn, so other load on the machine affects both. The fastest of each kind is used,
 * because other load only adds time.
 */
export function measureColdStart(runs = 10): ColdStart {
  const bare: number[] = [];
  const load: number[] = [];
  let functions = 0;
  for (let run = 0; run < runs; run++) {
    bare.push(time(() => execFileSync(process.execPath, ["-e", "0"])));
    load.push(
      time(() => {
        functions = JSON.parse(execFileSync(process.execPath, [LOADER], { encoding: "utf8" })).functions;
      }),
    );
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

function time(run: () => void): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}
