import { spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { createInterface } from "node:readline";
import { startAzurite } from "../../local/azurite.ts";
import { openTable } from "../../shared/storage/open-table.ts";
import { measure } from "./measure.ts";

export type ReceiverFigures = {
  /** Events stored a second through `POST /receivers/chat-ended`. */
  deliver: number;
  /** Bare `createEntity` calls of the same payload a second, at the same concurrency, on the same Azurite. */
  create: number;
  ratio: number;
  /** Milliseconds that 99 of 100 deliveries took at most. */
  p99: number;
};

export const CREDENTIALS = { username: "bench", password: "bench-password" };

/** Measures one host over real HTTP, in turns with bare creates, so other load on the machine affects both. */
export async function benchReceivers({
  count = 6_000,
  concurrency = 64,
  bytes = 2_048,
} = {}): Promise<ReceiverFigures> {
  const azurite = await startAzurite({ inMemory: true });
  const host = spawn(process.execPath, ["local/host/main.ts", "--port", "0"], {
    env: {
      PATH: process.env.PATH,
      LiveChatStorage: azurite.connectionString,
      LIVECHAT_USERNAME: "bench@example.com",
      LIVECHAT_API_KEY: "bench",
      LIVECHAT_WEBHOOK_USERNAME: CREDENTIALS.username,
      LIVECHAT_WEBHOOK_PASSWORD: CREDENTIALS.password,
      TICKETS_RECONCILE_SCHEDULE: "0 0 0 1 1 *",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  try {
    const url = await new Promise<string>((resolve, reject) => {
      createInterface({ input: host.stdout }).on("line", (line) => {
        const ready = /^listening on (.+)$/.exec(line)?.[1];
        if (ready) resolve(ready);
      });
      host.once("exit", (code) => reject(new Error(`The host ended with ${code}`)));
    });
    let delivered = 0;
    let created = 0;
    const entities = openTable(azurite, "BenchEntities");
    const deliver = () => post(`${url}/api/receivers/chat-ended`, delivery(delivered++, bytes), agent);
    const create = () => {
      const raw = delivery(created, bytes);
      return entities.createEntity({ partitionKey: "p", rowKey: `row${created++}`, raw });
    };
    await measure(deliver, { count: 500, concurrency });
    await measure(create, { count: 500, concurrency });
    const delivers = [];
    const creates = [];
    for (let turn = 0; turn < 3; turn++) {
      delivers.push(await measure(deliver, { count: count / 3, concurrency }));
      creates.push(await measure(create, { count: count / 3, concurrency }));
    }
    const best = (figures: { rate: number }[]) => Math.max(...figures.map(({ rate }) => rate));
    return {
      deliver: best(delivers),
      create: best(creates),
      ratio: best(delivers) / best(creates),
      p99: Math.max(...delivers.map(({ p99 }) => p99)),
    };
  } finally {
    agent.destroy();
    host.kill("SIGTERM");
    await once(host, "exit");
    await azurite.stop();
  }
}

export function delivery(number: number, bytes: number): string {
  const chat = { id: `BENCH${number}`, ended_timestamp: 1_408_356_905 + number, messages: [{ text: "" }] };
  const envelope = {
    event_type: "chat_ended",
    token: "bench",
    license_id: "1520",
    chat,
    visitor: { email: "v@example.com" },
  };
  const [message] = chat.messages;
  if (message)
    message.text = "lorem ipsum "
      .repeat(bytes)
      .slice(0, Math.max(0, bytes - JSON.stringify(envelope).length));
  return JSON.stringify(envelope);
}

async function post(url: string, body: string, agent: Agent): Promise<void> {
  const authorization = `Basic ${Buffer.from(`${CREDENTIALS.username}:${CREDENTIALS.password}`).toString("base64")}`;
  const headers = {
    authorization,
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
  };
  const outgoing = request(url, { method: "POST", agent, headers });
  outgoing.end(body);
  const [response] = (await once(outgoing, "response")) as [import("node:http").IncomingMessage];
  response.resume();
  await once(response, "end");
  if (response.statusCode !== 200) throw new Error(`A delivery was answered ${response.statusCode}`);
}
