import { setTimeout } from "node:timers/promises";
import { startAzurite } from "../../local/azurite.ts";
import { openEventLog } from "../../shared/event-log/event-log.ts";
import { openTable } from "../../shared/storage/open-table.ts";
import { delivery } from "./event-log.ts";
import { time } from "./measure.ts";

type ScaleFigures = {
  instances: number;
  /** Events a second for all instances together. */
  offered: number;
  /** Events a second that they stored. */
  stored: number;
  /** Milliseconds of an append. */
  p50: number;
  p99: number;
  failed: number;
};

/** Milliseconds added to each request to storage, as in a data centre. */
const STORAGE_MS = 20;
const BYTES = 2_048;
/** Milliseconds of a step, and of its warm-up. */
const SECONDS = 8;

/** The loads of docs/deploying.md: instances, and events a second for all of them. */
const STEPS: readonly [instances: number, offered: number][] = [
  [1, 3],
  [1, 25],
  [1, 250],
  [1, 1_000],
  [2, 25],
  [5, 200],
  [10, 200],
];

/**
 * Simulates instances that append to one log at a steady rate, with storage that takes 20 ms for a request. The instances
 * share this process, so beyond some hundred events a second they wait for the process, not for storage.
 */
export async function* benchScale(steps = STEPS): AsyncGenerator<ScaleFigures> {
  const azurite = await startAzurite({ inMemory: true });
  try {
    for (const [index, [instances, offered]] of steps.entries()) {
      const logs = Array.from({ length: instances }, () => openSlowLog(azurite, `Scale${index}`));
      yield { instances, offered, ...(await offer(logs, offered)) };
    }
  } finally {
    await azurite.stop();
  }
}

function openSlowLog(location: { connectionString: string }, name: string) {
  const table = openTable(location, name);
  table.pipeline.addPolicy(
    {
      name: "distance",
      async sendRequest(request, next) {
        await setTimeout(STORAGE_MS);
        return next(request);
      },
    },
    { phase: "Sign" },
  );
  return openEventLog({ table });
}

async function offer(logs: ReturnType<typeof openSlowLog>[], perSecond: number) {
  const count = perSecond * SECONDS;
  const took: number[] = [];
  let failed = 0;
  const start = performance.now();
  const appends = Array.from({ length: count }, async (_, index) => {
    await setTimeout((index / perSecond) * 1_000);
    const log = logs[index % logs.length];
    await time(async () => log?.append(delivery(index, BYTES))).then(
      (ms) => took.push(ms),
      () => failed++,
    );
  });
  await Promise.all(appends);
  const seconds = (performance.now() - start) / 1_000;
  took.sort((a, b) => a - b);
  const at = (share: number) => Math.round(took[Math.floor(took.length * share)] ?? 0);
  return { stored: Math.round(took.length / seconds), p50: at(0.5), p99: at(0.99), failed };
}
