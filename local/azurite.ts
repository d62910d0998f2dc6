import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

export type Azurite = {
  /** For `devstoreaccount1`, with every endpoint spelled out. */
  connectionString: string;
  /** Saves what is not yet on disk and ends the process. May be called twice. */
  stop(): Promise<void>;
};

export type AzuriteOptions = {
  /** The folder that keeps the data from one run to the next. */
  location?: string;
  /** Keep everything in memory: on disk, Azurite stands still for up to seconds whenever it saves. */
  inMemory?: boolean;
  /** 0, or a service left out, takes any free port. */
  ports?: { table?: number; queue?: number; blob?: number };
};

const SERVICES = ["Blob", "Queue", "Table"] as const;

/** The account and key that every storage emulator has; public, so no secret. */
const ACCOUNT = "devstoreaccount1";
const KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

const SHUTDOWN_LIMIT = 10_000;

/**
 * Runs in Azurite's process and shuts it down by SIGINT when this end of the channel closes: `stop` closes it, and so does
 * our death. On SIGTERM, Azurite would lose writes that it has acknowledged. The event is emitted, since Windows has no
 * signals to send. Without a listener Azurite has not started, so there is nothing to save. Azurite prints what it closes;
 * after our death that is an `EPIPE`, which must not keep it from saving.
 */
const END_WITH_PARENT = `
  process.stdout.on("error", () => {});
  process.once("disconnect", () => process.emit("SIGINT") || process.exit());
`;

/**
 * Starts the storage emulator and comes back when all three of its services listen.
 *
 * @throws Error when Azurite ends before that, with the end of its output (a used port, a folder it cannot use).
 */
export async function startAzurite({
  location,
  inMemory = false,
  ports = {},
}: AzuriteOptions = {}): Promise<Azurite> {
  const child = fork(
    createRequire(import.meta.url).resolve("azurite/dist/src/azurite.js"),
    [
      // Newer SDKs speak versions of the protocol that Azurite does not know yet, yet serves well.
      ...["--silent", "--loose", "--skipApiVersionCheck", "--disableTelemetry"],
      ...["--blobPort", String(ports.blob ?? 0), "--queuePort", String(ports.queue ?? 0)],
      ...["--tablePort", String(ports.table ?? 0)],
      ...(inMemory ? ["--inMemoryPersistence"] : []),
      ...(location === undefined ? [] : ["--location", location]),
    ],
    {
      execArgv: ["--import", `data:text/javascript,${encodeURIComponent(END_WITH_PARENT)}`],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      // Its own process group: a Ctrl-C in the terminal is for us, and what uses the storage has to end first.
      detached: true,
    },
  );
  const exited = once(child, "exit");
  const addresses = await listening(child);
  const endpoints = SERVICES.map((service) => `${service}Endpoint=${addresses.get(service)}/${ACCOUNT};`);

  return {
    connectionString: `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${KEY};${endpoints.join("")}`,
    async stop() {
      if (child.connected) child.disconnect();
      const overdue = setTimeout(() => child.kill("SIGKILL"), SHUTDOWN_LIMIT);
      await exited;
      clearTimeout(overdue);
    },
  };
}

/** Only Azurite's output names the ports that it got. */
async function listening(child: ChildProcess): Promise<Map<string, string>> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error("Azurite was started without its output");
  const addresses = new Map<string, string>();
  let complaint = "";
  stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = text.trim() || complaint;
  });
  for await (const line of createInterface(stdout)) {
    const [, service, address] = /^Azurite (\w+) service is successfully listening at (\S+)/.exec(line) ?? [];
    if (service !== undefined && address !== undefined) addresses.set(service, address);
    if (addresses.size < SERVICES.length) continue;
    // A full pipe would stop Azurite in the middle of a line.
    stdout.resume();
    return addresses;
  }
  throw new Error(`Azurite did not start: ${complaint || "it ended without a word"}`);
}
