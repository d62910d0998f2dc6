import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { startAzurite } from "../../local/azurite.ts";
import { codeFiles } from "../code.ts";
import { delivery } from "./receivers.ts";
import { CREDENTIALS } from "./start-host.ts";

type FirstAnswer = {
  telemetry: "off" | "on";
  /** Milliseconds from the start of the process to the first answer of a function that does nothing. */
  noOpMs: number;
  /** The same for a receiver that stores an event. */
  receiverMs: number;
  /** The second divided by the first. The aim is at most 2.2. */
  ratio: number;
};

/**
 * Measures the first answer of processes that load an app and call one function. The fastest of each kind is used, because
 * other load on the machine only adds time.
 */
export async function measureFirstAnswer(runs = 15): Promise<FirstAnswer[]> {
  const azurite = await startAzurite({ inMemory: true });
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  try {
    const noOp = join(folder, "app.mjs");
    // As `npm run bundle` does it.
    const code = await codeFiles(resolve(import.meta.dirname, "../.."), { entry: "scripts/bench/no-op.mjs" });
    for (const [name, contents] of code) writeFileSync(join(folder, name), contents);
    const env = {
      PATH: process.env.PATH,
      HTTP_STREAMING: "off",
      LiveChatStorage: azurite.connectionString,
      LIVECHAT_USERNAME: "bench@example.com",
      LIVECHAT_API_KEY: "bench",
      LIVECHAT_WEBHOOK_USERNAME: CREDENTIALS.username,
      LIVECHAT_WEBHOOK_PASSWORD: CREDENTIALS.password,
    };
    let delivered = 0;
    const time = (file: string, name: string, more = {}): number => {
      const { username, password } = CREDENTIALS;
      const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
      const body = delivery(delivered++, 2_048);
      const headers = {
        authorization,
        "content-type": "application/json",
        "content-length": String(body.length),
      };
      const child = {
        encoding: "utf8",
        env: { ...env, ...more, REQUEST: JSON.stringify({ headers, body }) },
      } as const;
      const lines = execFileSync(process.execPath, [LOADER, file, name], child).trim().split("\n");
      return JSON.parse(lines.at(-1) ?? "").ms;
    };
    const TELEMETRY = {
      APPLICATIONINSIGHTS_CONNECTION_STRING: `InstrumentationKey=${crypto.randomUUID()};IngestionEndpoint=https://127.0.0.1:1/`,
    };
    const noOps: number[] = [];
    const receivers = { off: [] as number[], on: [] as number[] };
    // The first process creates the table.
    time("dist/app.mjs", "ReceiveChatEnded");
    for (let run = 0; run < runs; run++) {
      noOps.push(time(noOp, "NoOp"));
      receivers.off.push(time("dist/app.mjs", "ReceiveChatEnded"));
      receivers.on.push(time("dist/app.mjs", "ReceiveChatEnded", TELEMETRY));
    }
    const noOpMs = Math.min(...noOps);
    return (["off", "on"] as const).map((telemetry) => {
      const receiverMs = Math.min(...receivers[telemetry]);
      return { telemetry, noOpMs, receiverMs, ratio: receiverMs / noOpMs };
    });
  } finally {
    rmSync(folder, { recursive: true });
    await azurite.stop();
  }
}

/** Plain JavaScript, so the measured time includes no type stripping. */
const LOADER = "scripts/bench/load-app.mjs";
