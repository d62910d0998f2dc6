import { backUp } from "./backup/back-up.ts";
import { openTables } from "./backup/tables.ts";

const USAGE = `npm run backup -- DIR    copies the log, the stored tickets and the subscriptions into a directory.
The app may go on working meanwhile. Storage is read from the environment or local.settings.json.`;

const [directory] = process.argv.slice(2);
if (directory === undefined || directory.startsWith("-")) {
  console.error(USAGE);
  process.exit(2);
}
try {
  const { log, rows } = await backUp(await openTables(), directory, Date.now());
  console.log(`log            ${rows.events} rows, up to seq ${log?.seq ?? 0}`);
  console.log(`tickets        ${rows.tickets} rows`);
  console.log(`subscriptions  ${rows.subscriptions} rows, with their secrets`);
  console.log(
    `The backup is in ${directory}. It holds personal data and secrets: keep it as safe as the app.`,
  );
} catch (error) {
  console.error(`backup: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
