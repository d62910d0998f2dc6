import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { backUp } from "./backup/back-up.ts";
import { restore } from "./backup/restore.ts";
import { openTables, type Tables } from "./backup/tables.ts";

const USAGE = `npm run backup -- DIR    copies the log, the stored tickets and the subscriptions into a directory.
The app may run meanwhile.

npm run restore -- DIR [--replace]    writes a backup into the tables of an app. Stop the app first.
--replace empties the log and the tickets first. Data that was erased in them since the backup stays erased.

The storage account comes from the environment or local.settings.json.`;

const { positionals, values } = readArguments();
const [directory] = positionals;
if (directory === undefined) {
  console.error(USAGE);
  process.exit(2);
}
try {
  const tables = await openTables();
  if (values.restore) await runRestore(tables, directory);
  else await runBackup(tables, directory);
} catch (error) {
  const command = values.restore ? "restore" : "backup";
  console.error(`${command}: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

function readArguments() {
  const options = { restore: { type: "boolean" }, replace: { type: "boolean", default: false } } as const;
  try {
    return parseArgs({ allowPositionals: true, options });
  } catch {
    // An unknown option prints the usage.
    return { positionals: [], values: { restore: false, replace: false } };
  }
}

async function runBackup(tables: Tables, directory: string): Promise<void> {
  const { log, rows } = await backUp(tables, directory, Date.now());
  console.log(`log            ${rows.events} rows, up to seq ${log?.seq ?? 0}`);
  console.log(`tickets        ${rows.tickets} rows`);
  console.log(`subscriptions  ${rows.subscriptions} rows, with their secrets`);
  console.log(`The backup is in ${directory}. It has personal data and secrets: keep it as safe as the app.`);
}

async function runRestore(tables: Tables, directory: string): Promise<void> {
  const done = await restore(tables, directory, { replace: values.replace, wait: setTimeout });
  console.log(`log            ${done.events} rows, up to seq ${done.seq}`);
  console.log(`tickets        ${done.tickets} rows`);
  console.log(
    `subscriptions  ${done.subscriptions} rows; subscriptions that existed already have not changed`,
  );
  if (done.renamed) {
    console.log(
      "A subscription has received events that the backup does not have. So the log has a new id, and",
    );
    console.log("the subscription restarts at the beginning of the log.");
  }
}
