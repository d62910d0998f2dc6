import { measureColdStart } from "./bench/cold-start.ts";
import { benchDeliveries } from "./bench/deliveries.ts";
import { benchEventLog } from "./bench/event-log.ts";
import { measureFirstAnswer } from "./bench/first-answer.ts";
import { benchReceivers } from "./bench/receivers.ts";
import { benchReconcile } from "./bench/reconcile.ts";
import { benchScale } from "./bench/scale.ts";

/** Measures the app. Compare the ratios: absolute figures depend on the machine and its load. */
const round = <T extends object>(figures: T) =>
  Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [
      name,
      typeof value === "number" ? Math.round(value * 100) / 100 : value,
    ]),
  );

if (process.argv.includes("--scale")) {
  console.log("Scale: instances that append to one log, with storage that takes 20 ms for a request");
  console.table(await Array.fromAsync(benchScale()));
  process.exit();
}

const quick = process.argv.includes("--quick");
/** The emulator needs about twenty minutes to change all of 100,000 tickets. */
const full = process.argv.includes("--full");

console.log(
  "Cold start: time to register all functions, compared with an empty process (aim: a ratio of at most 3.5)",
);
console.table([round(measureColdStart())]);

console.log(
  "First answer of a new process: a receiver, compared with an empty function (aim: a ratio of at most 2.2 with telemetry)",
);
console.table((await measureFirstAnswer()).map(round));

console.log(
  "Receivers: events a second over HTTP, compared with plain createEntity calls (aim: a ratio of at least 0.5) and an empty function",
);
console.table([round(await benchReceivers())]);

console.log(
  "Deliveries: milliseconds from webhook to callback (aim: at most 100 idle, 150 loaded), requests to the tables for an event (aim: at most 8), events a second to a callback of 50 ms (aim: with batches at least 20 times as many)",
);
console.table([round(await benchDeliveries())]);

console.log("Event log: appends a second, compared with plain createEntity calls, for growing logs");
for await (const figures of benchEventLog({ sizes: quick ? [0, 5_000] : [0, 10_000, 100_000] }))
  console.table([round(figures)]);

console.log(
  "Reconciliation: calls and writes of a run, by the size of the account and the number of changed tickets",
);
const accounts = quick
  ? [{ sizes: [1_000] }]
  : [{ sizes: [1_000, 10_000] }, { sizes: [100_000], changes: full ? [0, 0.01, 1] : [0, 0.01] }];
for (const account of accounts) for await (const figures of benchReconcile(account)) console.table([figures]);
