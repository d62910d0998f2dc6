import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { restore } from "./backup/restore.ts";
import { openTables } from "./backup/tables.ts";

const USAGE = `npm run restore -- DIR [--replace]    writes a backup into the tables of an app. Stop the app first.
--replace empties the log and the tickets before; data that was erased in them since the backup stays erased.
Storage is read from the environment or local.settings.json.`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { replace: { type: "boolean", default: false } },
});
const [directory] = positionals;
if (directory === undefined) {
  console.error(USAGE);
  process.exit(2);
}
try {
  const done = await restore(await openTables(), directory, { replace: values.replace, wait: setTimeout });
  console.log(`log            ${done.events} rows, up to seq ${done.seq}`);
  console.log(`tickets        ${done.tickets} rows`);
  console.log(`subscriptions  ${done.subscriptions} rows; those that were here already stay as they were`);
  if (done.renamed) {
    console.log(
      "A subscriber here had got events that the backup does not hold. So the log has a new id, and that",
    );
    console.log("subscriber starts again at the beginning of the log.");
  }
} catch (error) {
  console.error(`restore: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
