import { setTimeout } from "node:timers/promises";
import { backUp } from "./backup/back-up.ts";
import { restore } from "./backup/restore.ts";
import { openTables, type Tables } from "./backup/tables.ts";
import { readArguments, refuse } from "./read-arguments.ts";

const USAGE = `npm run backup -- DIR    copies the log, the stored tickets and the subscriptions into a directory.
The app may run meanwhile.

npm run restore -- DIR [--replace]    writes a backup into the tables of an app. Stop the app first.
--replace empties the log and the tickets first. Content that was erased in them since the backup stays erased.
A restore that was interrupted must be repeated, with --replace.

The storage account comes from the environment or local.settings.json.`;

const options = {
  restore: { type: "boolean", default: false },
  replace: { type: "boolean", default: false },
} as const;
const { values, argument: directory } = readArguments(options, USAGE, "DIR");
if (values.replace && !values.restore) refuse("Only npm run restore has --replace.", USAGE);
try {
  const tables = await openTables();
  if (values.restore) await runRestore(tables, directory);
  else await runBackup(tables, directory);
} catch (error) {
  const command = values.restore ? "restore" : "backup";
  console.error(`${command}: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

async function runBackup(tables: Tables, directory: string): Promise<void> {
  const { log, rows } = await backUp(tables, directory, Date.now());
  console.log(`log            ${rows.events} rows, up to seq ${log?.seq ?? 0}`);
  console.log(`tickets        ${rows.tickets} rows`);
  console.log(`subscriptions  ${rows.subscriptions} rows, with their secrets`);
  console.log(`The backup is in ${directory}. It has personal data and secrets: keep it as safe as the app.`);
}

async function runRestore(tables: Tables, directory: string): Promise<void> {
  const { replace } = values;
  const { events, tickets, subscriptions, erased, seq, hasNewId } = await restore(tables, directory, {
    replace,
    wait: setTimeout,
  });
  console.log(`log            ${events} rows, up to seq ${seq}`);
  console.log(`tickets        ${tickets} rows`);
  console.log(`subscriptions  ${subscriptions} rows; subscriptions that existed already have not changed`);
  if (replace) console.log(`erased         ${erased} events and tickets stay erased`);
  else console.log("Repeat the erasures since the backup: these tables do not show them.");
  if (hasNewId) {
    console.log(
      "These tables had events that the backup does not have. So the log has a new id, and a subscription",
    );
    console.log("that has received such events restarts at the beginning of the log.");
  }
  console.log(
    `New events get the places after ${seq}. A program that has read GET /events beyond that must continue with after=${seq}.`,
  );
}
