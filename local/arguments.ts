import { parseArgs } from "node:util";
import { StartError } from "./host/start-error.ts";

/** The port of `npm start` and `npm run demo` without `--port`. */
export const DEFAULT_PORT = 7071;

/** The ports of the app and of its sandbox, which uses the next port. */
type LocalPorts = { app: number; sandbox: number };

/** Reads `--port`. @throws StartError */
export function readPorts(): LocalPorts {
  let given: string;
  try {
    const options = { port: { type: "string", default: String(DEFAULT_PORT) } } as const;
    given = parseArgs({ options }).values.port;
  } catch (error) {
    throw new StartError(error instanceof Error ? error.message : String(error));
  }
  const app = /^\d+$/.test(given) ? Number(given) : Number.NaN;
  if (!(app >= 1 && app < 65_535))
    throw new StartError(`--port takes a number from 1 to 65534, not "${given}"`);
  return { app, sandbox: app + 1 };
}
