import { parseArgs } from "node:util";
import { readSettings, SettingsError } from "../../shared/core/settings.ts";
import { loadLocalSettings } from "./local-settings.ts";
import { describeError } from "./log.ts";
import { onParentEnd } from "./on-parent-end.ts";
import { StartError } from "./start-error.ts";
import { type Host, startHost } from "./start-host.ts";

let host: Host | undefined;

// On an uncaught error the official worker ends, and its host answers the requests in flight with 500.
process.on("uncaughtException", (error) => {
  console.error(error instanceof StartError ? error.message : describeError(error));
  host?.fail();
  process.exit(1);
});

const { port, ...options } = readArguments();
if (options.app === undefined) checkSettings();
host = await startHost({ ...options, port });

const stop = async () => {
  await host?.close();
  process.exit(0);
};
// Ctrl-C can arrive twice: from the terminal and from npm.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, stop);
onParentEnd(stop);
// This is the last step, because the reader of this line may end the host at once.
console.log(`listening on ${host.url}`);

/** A deployed app starts with wrong settings and reports them over HTTP. In a terminal the host reports them at once. */
function checkSettings(): void {
  loadLocalSettings();
  try {
    readSettings(process.env);
  } catch (error) {
    throw error instanceof SettingsError ? new StartError(error.message) : error;
  }
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: "string", default: "7071" },
        app: { type: "string" },
        hostname: { type: "string" },
        "enable-auth": { type: "boolean" },
      },
    });
    const port = /^\d+$/.test(values.port) ? Number(values.port) : Number.NaN;
    if (!(port <= 65_535)) throw new Error(`--port takes a number from 0 to 65535, not "${values.port}"`);
    return { port, app: values.app, hostname: values.hostname, enableAuth: values["enable-auth"] };
  } catch (error) {
    throw new StartError(error instanceof Error ? error.message : String(error));
  }
}
