import { measureColdStart } from "./bench/cold-start.ts";
import { benchDeliveries } from "./bench/deliveries.ts";
import { benchEventLog } from "./bench/event-log.ts";
import { measureFirstAnswer } from "./bench/first-answer.ts";
import { benchReceivers } from "./bench/receivers.ts";
import { benchReconcile } from "./bench/reconcile.ts";
import { benchScale } from "./bench/scale.ts";

/** Prints what the app costs. Machines differ and are noisy: the ratios are what to compare. */
const round = <T extends object>(figures: T) =>
  Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [
      name,
      typeof value === "number" ? Math.round(value * 100) / 100 : value,
    ]),
  );

if (process.argv.includes("--scale")) {
  console.log("Scale: instances that append to one log, over a storage that takes 20 ms a request");
  console.table(await Array.fromAsync(benchScale()));
  process.exit();
}

const quick = process.argv.includes("--quick");
/** Changing all of 100,000 tickets takes the emulator some twenty minutes. */
const full = process.argv.includes("--full");

console.log(
  "Cold start: the bundle to its last function registered, against a process that does nothing (aim: ratio 3.5 at most)",
);
console.table([round(measureColdStart())]);

console.log(
  "First answer: a receiver's in a new process, against that of a function that does nothing (aim: ratio 2.2 at most with telemetry on)",
);
console.table((await measureFirstAnswer()).map(round));

console.log(
  "Receivers: events a second over HTTP, against bare createEntity calls (aim: ratio 0.5 at least) and a function that does nothing",
);
console.table([round(await benchReceivers())]);

console.log(
  "Deliveries: milliseconds from webhook to callback (aim: 100 idle, 150 loaded at most), requests to the tables for an event (aim: 8 at most), events a second to a callback of 50 ms (aim: batched 20 times single at least)",
);
console.table([round(await benchDeliveries())]);

console.log("Event log: appends a second against bare createEntity calls, from an empty log to a long one");
for await (const figures of benchEventLog({ sizes: quick ? [0, 5_000] : [0, 10_000, 100_000] }))
  console.table([round(figures)]);

console.log("Reconciliation: calls and writes of a run, by size of the account and what changed");
const accounts = quick
  ? [{ sizes: [1_000] }]
  : [{ sizes: [1_000, 10_000] }, { sizes: [100_000], changes: full ? [0, 0.01, 1] : [0, 0.01] }];
for (const account of accounts) for await (const figures of benchReconcile(account)) console.table([figures]);
