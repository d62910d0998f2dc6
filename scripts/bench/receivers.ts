import { Agent } from "node:http";
import { startAzurite } from "../../local/azurite.ts";
import { openTable } from "../../shared/storage/open-table.ts";
import { measure } from "./measure.ts";
import { post, startHost } from "./start-host.ts";

type ReceiverFigures = {
  /** Events stored a second through `POST /receivers/chat-ended`. */
  deliver: number;
  /** Plain `createEntity` calls a second, with the same payload, Azurite and concurrency. */
  create: number;
  ratio: number;
  /** Calls a second of a function that does nothing, under the same host, with the same bodies. */
  noOp: number;
  /** Milliseconds that 99 of 100 deliveries took at most. */
  p99: number;
};

/**
 * Measures the host over real HTTP, in turns with plain creates and an empty function, so other load on the machine
 * affects all three.
 */
export async function benchReceivers({
  count = 6_000,
  concurrency = 64,
  bytes = 2_048,
} = {}): Promise<ReceiverFigures> {
  const azurite = await startAzurite({ inMemory: true });
  const host = await startHost({ LiveChatStorage: azurite.connectionString });
  const idle = await startHost({}, "--app", "scripts/bench/no-op.mjs");
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  try {
    let delivered = 0;
    let created = 0;
    const entities = openTable(azurite, "BenchEntities");
    const deliver = () => post(`${host.url}/api/receivers/chat-ended`, delivery(delivered++, bytes), agent);
    const create = () => {
      const raw = delivery(created, bytes);
      return entities.createEntity({ partitionKey: "p", rowKey: `row${created++}`, raw });
    };
    const doNothing = () => post(`${idle.url}/api/no-op`, delivery(0, bytes), agent);
    const works = [deliver, create, doNothing];
    for (const work of works) await measure(work, { count: 500, concurrency });
    const turns: Awaited<ReturnType<typeof measure>>[][] = [];
    for (let turn = 0; turn < 3; turn++) {
      const figures = [];
      for (const work of works) figures.push(await measure(work, { count: count / 3, concurrency }));
      turns.push(figures);
    }
    const best = (work: number) => Math.max(...turns.map((figures) => figures[work]?.rate ?? 0));
    return {
      deliver: best(0),
      create: best(1),
      ratio: best(0) / best(1),
      noOp: best(2),
      p99: Math.max(...turns.map(([delivers]) => delivers?.p99 ?? 0)),
    };
  } finally {
    agent.destroy();
    await host.stop();
    await idle.stop();
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
