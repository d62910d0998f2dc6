import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

export type Azurite = {
  /** The connection string of `devstoreaccount1`, with the URLs of all services. */
  connectionString: string;
  /** Saves all data and ends the process. May be called twice. */
  stop(): Promise<void>;
};

type AzuriteOptions = {
  /** The folder of the data, for a later run. */
  location?: string;
  /** Keeps all data in memory. With data on disk, Azurite pauses for up to seconds while it saves. */
  inMemory?: boolean;
  /** A service without a port, or with 0, takes a free one. */
  ports?: { table?: number; queue?: number; blob?: number };
};

const SERVICES = ["Blob", "Queue", "Table"] as const;

/** The public account and key of every storage emulator. */
const ACCOUNT = "devstoreaccount1";
const KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

const SHUTDOWN_LIMIT = 10_000;

/**
 * Runs in Azurite's process. `stop`, or the death of the parent process, closes the channel between the two. Azurite is
 * then shut down as by SIGINT: after a SIGTERM it would lose writes that it has acknowledged. The code emits the event
 * `SIGINT`, because Windows has no signals. Without a listener, Azurite has not started yet and has no data to save.
 * After the parent's death, output fails with `EPIPE`, which must not stop Azurite from saving.
 */
const END_WITH_PARENT = `
  process.stdout.on("error", () => {});
  process.once("disconnect", () => process.emit("SIGINT") || process.exit());
`;

/**
 * Starts the storage emulator. Resolves when all three services listen.
 *
 * @throws Error with the end of Azurite's output, when it does not start: a port is in use, or the folder cannot be used
 */
export async function startAzurite({
  location,
  inMemory = false,
  ports = {},
}: AzuriteOptions = {}): Promise<Azurite> {
  const child = fork(
    createRequire(import.meta.url).resolve("azurite/dist/src/azurite.js"),
    [
      // The SDKs use newer versions of the protocol than Azurite knows. They work with it nevertheless.
      ...["--silent", "--loose", "--skipApiVersionCheck", "--disableTelemetry"],
      ...["--blobPort", String(ports.blob ?? 0), "--queuePort", String(ports.queue ?? 0)],
      ...["--tablePort", String(ports.table ?? 0)],
      // A client whose process stood still uses a connection that was closed meanwhile: after five seconds by default.
      ...SERVICES.flatMap((service) => [`--${service.toLowerCase()}KeepAliveTimeout`, "3600"]),
      ...(inMemory ? ["--inMemoryPersistence"] : []),
      ...(location === undefined ? [] : ["--location", location]),
    ],
    {
      execArgv: ["--import", `data:text/javascript,${encodeURIComponent(END_WITH_PARENT)}`],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      // In its own process group Azurite gets no Ctrl-C. The host uses the storage, so the host must end first.
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

/** Reads the services' addresses from Azurite's output, because only the output has the chosen ports. */
async function listening(child: ChildProcess): Promise<Map<string, string>> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error("Azurite was started without pipes for its output");
  const addresses = new Map<string, string>();
  let complaint = "";
  stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = text.trim() || complaint;
  });
  for await (const line of createInterface(stdout)) {
    const [, service, address] = /^Azurite (\w+) service is successfully listening at (\S+)/.exec(line) ?? [];
    if (service !== undefined && address !== undefined) addresses.set(service, address);
    if (addresses.size < SERVICES.length) continue;
    // An unread pipe would block Azurite when it is full.
    stdout.resume();
    return addresses;
  }
  throw new Error(`Azurite did not start: ${complaint || "it ended without output"}`);
}
