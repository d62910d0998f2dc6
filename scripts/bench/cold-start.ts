import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";

export type ColdStart = {
  /** Milliseconds of a process that does nothing. */
  bareMs: number;
  /** Milliseconds of a process that loads the bundle until every function is registered. */
  loadMs: number;
  /** How many times as long. The aim is 3.5 at most. */
  ratio: number;
  bundleKb: number;
  functions: number;
};

/**
 * Times whole processes, the two in turn so that a machine that slows down slows both. The fastest of each tells best
 * what the work costs: other work of the machine only adds.
 */
export function measureColdStart(runs = 10): ColdStart {
  const bare: number[] = [];
  const load: number[] = [];
  let functions = 0;
  for (let run = 0; run < runs; run++) {
    bare.push(time(() => execFileSync(process.execPath, ["-e", "0"])));
    load.push(
      time(() => {
        functions = Number(execFileSync(process.execPath, [LOADER], { encoding: "utf8" }));
      }),
    );
  }
  const [bareMs, loadMs] = [Math.min(...bare), Math.min(...load)];
  return {
    bareMs,
    loadMs,
    ratio: loadMs / bareMs,
    bundleKb: statSync("dist/app.mjs").size / 1000,
    functions,
  };
}

/** Plain JavaScript, so that nothing of what is timed is the stripping of types. */
const LOADER = "scripts/bench/load-app.mjs";

function time(run: () => void): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}
