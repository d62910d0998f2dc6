import { pathToFileURL } from "node:url";
import { startAzurite } from "../../local/azurite.ts";
import { toIso } from "../../shared/core/time.ts";
import { openEventLog } from "../../shared/event-log/event-log.ts";
import type { NewEvent } from "../../shared/event-log/types.ts";
import { openTable } from "../../shared/storage/open-table.ts";
import { measure, time } from "./measure.ts";

type EventLogFigures = {
  /** How many events are in the log before the measurement. */
  events: number;
  /** Events appended a second. */
  append: number;
  /** Plain `createEntity` calls a second, with the same payload, Azurite and concurrency. */
  create: number;
  ratio: number;
  /** Milliseconds that 99 of 100 appends took at most. */
  p99: number;
  /**
   * Milliseconds for three readings: the last 100 events of the log, the last 100 events of one type, and one event by
   * its id.
   */
  page: number;
  pageOfType: number;
  get: number;
};

type EventLogBenchOptions = {
  /** Sizes of the log to measure, in ascending order. */
  sizes?: number[];
  concurrency?: number;
  /** Events and entities per measurement. */
  count?: number;
  /** Bytes of a delivery. */
  bytes?: number;
};

/**
 * Compares the log's appends a second with plain creates of one entity per event, and shows whether costs grow with the
 * log. Both run on one Azurite in memory, in turns, so other load on the machine affects both.
 */
export async function* benchEventLog({
  sizes = [0, 100_000],
  concurrency = 64,
  count = 6_000,
  bytes = 2_048,
}: EventLogBenchOptions = {}): AsyncGenerator<EventLogFigures> {
  const azurite = await startAzurite({ inMemory: true });
  try {
    const log = openEventLog({ table: openTable(azurite, "BenchLog") });
    const entities = openTable(azurite, "BenchEntities");
    let appended = 0;
    let created = 0;
    const append = () => log.append(delivery(appended++, bytes));
    const create = () => {
      const { raw } = delivery(created, bytes);
      return entities.createEntity({ partitionKey: "p", rowKey: `row${created++}`, raw });
    };
    await measure(append, { count: 500, concurrency });
    await measure(create, { count: 500, concurrency });
    for (const size of sizes) {
      if (size > appended) await measure(append, { count: size - appended, concurrency: 256 });
      // The emulator gets slower as a table grows, so both tables have the same size.
      if (appended > created) await measure(create, { count: appended - created, concurrency: 256 });
      const events = appended;
      const appends = [];
      const creates = [];
      for (let turn = 0; turn < 3; turn++) {
        appends.push(await measure(append, { count: count / 3, concurrency }));
        creates.push(await measure(create, { count: count / 3, concurrency }));
      }
      const best = (figures: { rate: number }[]) => Math.max(...figures.map(({ rate }) => rate));
      const { seq } = await log.head();
      const last = (await log.list({ after: seq - 1 })).items[0];
      yield {
        events,
        append: best(appends),
        create: best(creates),
        ratio: best(appends) / best(creates),
        p99: Math.max(...appends.map(({ p99 }) => p99)),
        page: await fastest(() => log.list({ after: seq - 100 })),
        pageOfType: await fastest(() => log.list({ after: seq - 300, type: "chat_started" })),
        get: await fastest(() => log.get(last?.id ?? "")),
      };
    }
  } finally {
    await azurite.stop();
  }
}

/** The best of several measurements, because other load on the machine only adds time. */
async function fastest(work: () => Promise<unknown>): Promise<number> {
  const took: number[] = [];
  for (let run = 0; run < 5; run++) took.push(await time(work));
  return Math.min(...took);
}

/** A delivery of about this many bytes: two ends of chats for each start, with text that compresses like real text. */
export function delivery(index: number, bytes: number): NewEvent {
  const type = index % 3 === 0 ? "chat_started" : "chat_ended";
  const chatId = `P${index}`;
  const moment = toIso(1_700_000_000_000 + index * 1000);
  const messages = [];
  for (let size = 0; size < bytes - 300; size += 150) {
    messages.push({ user_type: "visitor", author_name: "Ana", text: words(index + size), timestamp: moment });
  }
  const raw = JSON.stringify({ event_type: type, license_id: "1", chat: { id: chatId, messages } });
  return {
    type,
    origin: "webhook",
    subjectId: chatId,
    occurredAt: moment,
    raw,
    people: [`visitor${index}@example.com`],
  };
}

const WORDS = "order shipped where refund please thanks invoice late again number street parcel broken".split(
  " ",
);

function words(seed: number): string {
  let state = seed + 1;
  return Array.from({ length: 10 }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return `${WORDS[state % WORDS.length]}${state % 97}`;
  }).join(" ");
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const sizes = process.argv.slice(2).map(Number);
  for await (const figures of benchEventLog(sizes.length > 0 ? { sizes } : {})) {
    const rounded = Object.entries(figures).map(([name, value]) => [name, Math.round(value * 100) / 100]);
    console.log(JSON.stringify(Object.fromEntries(rounded)));
  }
}
