import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { startTextSandbox, type TextSandbox } from "../../local/sandbox/text/sandbox.ts";
import { reconcileChats } from "../../shared/chats/reconcile-chats.ts";
import { UpstreamFailed } from "../../shared/core/errors.ts";
import { eraseEvents, eventsAbout } from "../../shared/event-log/erase.ts";
import type { EventLog } from "../../shared/event-log/event-log.ts";
import { chatSubject } from "../../shared/event-log/keys.ts";
import { LOG_PARTITION } from "../../shared/event-log/store.ts";
import type { ChatReader } from "../../shared/livechat/live-chat.ts";
import { createLiveChatText } from "../../shared/livechat/text/client.ts";
import { LeaseLost } from "../../shared/storage/lease.ts";
import { newLog, newTable } from "../event-log/deliveries.ts";

const MINUTE = 60_000;

/** An account, and instances of the app on the same clock. */
async function world(variants: Parameters<typeof startTextSandbox>[0] = {}) {
  let time = Date.parse("2026-01-15T09:00:00.000Z");
  const now = () => time;
  const sandbox = await startTextSandbox({ ...variants, now });
  const client = createLiveChatText({
    ...{ url: sandbox.url, ...sandbox.credentials },
    ...{ rateLimit: 100_000, random: () => 0, totalTimeout: 600_000 },
  });
  const name = newTable().tableName;
  const open = (chats: ChatReader = client) => {
    const table = newTable(name);
    const log = newLog({ table, now });
    const run = () => reconcileChats({ table, log, chats, holder: "a test", budgetMs: 60_000, now });
    return { log: { ...log, table }, run };
  };
  return {
    sandbox,
    client,
    open,
    pass: (milliseconds: number) => {
      time += milliseconds;
    },
    [Symbol.asyncDispose]: () => sandbox.close(),
  };
}

const silently = { silently: true };
const hold = (sandbox: TextSandbox) => sandbox.chats.hold({ messages: [] }, silently);

async function eventsIn(log: Pick<EventLog, "list">) {
  const { items } = await log.list({ limit: 1_000 });
  return items.map((event) => `${event.type} ${"chatId" in event ? event.chatId : ""}`).sort();
}

const both = (ids: string[]) => ids.flatMap((id) => [`chat_ended ${id}`, `chat_started ${id}`]).sort();

describe.each(["created", "ended"] as const)(
  "an archive that filters by the time threads %s",
  (archiveTime) => {
    test(`a long thread without webhooks gets its start and end (archive by ${archiveTime})`, async () => {
      await using account = await world({ variants: { archiveTime } });
      const { sandbox, open, pass } = account;
      const { log, run } = open();
      await run();
      const thread = sandbox.chats.start({}, silently);
      pass(15 * MINUTE);
      expect(await run()).toMatchObject({ outcome: "completed", recovered: 1 });
      expect(await eventsIn(log)).toEqual([`chat_started ${thread.id}`]);
      for (let hour = 0; hour < 5; hour++) {
        pass(60 * MINUTE);
        expect(await run()).toMatchObject({ recovered: 0, calls: 2 });
      }
      sandbox.chats.end(thread.id, {}, silently);
      pass(15 * MINUTE);
      expect(await run()).toMatchObject({ recovered: 1 });
      expect(await eventsIn(log)).toEqual(both([thread.id]));
      pass(15 * MINUTE);
      expect(await run()).toMatchObject({ recovered: 0, calls: 2 });
    });

    test(`each start and end is in the log once after any history (archive by ${archiveTime})`, async () => {
      const step = fc.constantFrom("start", "end", "resume", "run", "wait", "webhook");
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
          await using account = await world({ variants: { archiveTime } });
          const { sandbox, open, pass } = account;
          const { log, run } = open();
          await run();
          const threads: string[] = [];
          for (const step of steps) {
            const active = sandbox.chats.threads.filter(({ endedAt }) => endedAt === undefined);
            const over = sandbox.chats.threads.filter(({ endedAt }) => endedAt !== undefined);
            if (step === "start") threads.push(sandbox.chats.start({}, silently).id);
            if (step === "end" && active[0]) sandbox.chats.end(active[0].id, {}, silently);
            const resumed = over.find(({ chat }) => chat.threads.at(-1)?.endedAt !== undefined);
            if (step === "resume" && resumed) {
              threads.push(sandbox.chats.start({ chat: resumed.chat.id }, silently).id);
            }
            if (step === "wait") pass(7 * MINUTE);
            if (step === "run") await run();
            if (step === "webhook") await Promise.all([run(), open().run()].map((one) => one.catch(() => 0)));
            pass(1_000);
          }
          pass(5 * MINUTE);
          await run();
          const ended = sandbox.chats.threads.filter(({ endedAt }) => endedAt !== undefined);
          expect(await eventsIn(log)).toEqual(
            [
              ...threads.map((id) => `chat_started ${id}`),
              ...ended.map(({ id }) => `chat_ended ${id}`),
            ].sort(),
          );
        }),
        { numRuns: 8 },
      );
    });
  },
);

test("archive pages that shift during a reading neither lose nor repeat a thread", async () => {
  await using account = await world();
  const { sandbox, client, open, pass } = account;
  for (let index = 0; index < 120; index++) {
    hold(sandbox);
    pass(100);
  }
  let pages = 0;
  const shifting: ChatReader = {
    ...client,
    async listArchives(from, call) {
      const page = await client.listArchives(from, call);
      // Another chat ends while the page is read, and the page repeats its first threads.
      if (pages++ === 0) hold(sandbox);
      return { ...page, chats: [...page.chats, ...page.chats.slice(0, 5)] };
    },
  };
  const { log, run } = open(shifting);
  await run();
  pass(MINUTE);
  await run();
  expect(await eventsIn(log)).toEqual(both(sandbox.chats.threads.map(({ id }) => id)));
});

test("the end of a chat gone from LiveChat enters the log with its ids", async () => {
  await using account = await world();
  const { sandbox, open, pass } = account;
  const { log, run } = open();
  const thread = sandbox.chats.start({}, silently);
  await run();
  sandbox.chats.remove(thread.chat.id);
  pass(15 * MINUTE);
  await run();
  const { items } = await log.list({ type: "chat_ended" });
  expect(items).toMatchObject([
    { chatId: thread.id, origin: "reconcile", payload: { chat: { missing_transcript: "gone" } } },
  ]);
});

test("a chat that one run cannot read is read by the next run", async () => {
  await using account = await world();
  const { sandbox, client, open, pass } = account;
  const first = sandbox.chats.start({}, silently);
  let isBroken = true;
  const { log, run } = open({
    ...client,
    getChat: (chatId, threadId, call) =>
      isBroken && threadId === first.id
        ? Promise.reject(new UpstreamFailed("LiveChat failed (500)."))
        : client.getChat(chatId, threadId, call),
  });
  const second = sandbox.chats.start({}, silently);
  expect(await run()).toMatchObject({ outcome: "completed", recovered: 1 });
  expect(await eventsIn(log)).toEqual([`chat_started ${second.id}`]);
  isBroken = false;
  pass(15 * MINUTE);
  await run();
  expect(await eventsIn(log)).toEqual([`chat_started ${first.id}`, `chat_started ${second.id}`].sort());
});

test("the run after a run that failed in an outage finds all chats", async () => {
  await using account = await world();
  const { sandbox, open } = account;
  const { log, run } = open();
  const { id } = hold(sandbox);
  sandbox.faults.plan({
    do: "answer",
    status: 503,
    body: "",
    path: "/v3.6/agent/action/list_archives",
    times: 9,
  });
  await expect(run()).rejects.toThrow(UpstreamFailed);
  sandbox.faults.clear();
  await run();
  expect(await eventsIn(log)).toEqual(both([id]));
});

test("a run that starts during another run is refused", async () => {
  await using account = await world();
  const { sandbox, client, open } = account;
  hold(sandbox);
  let second: unknown;
  const { log, run } = open({
    ...client,
    async listActiveChats(...page) {
      second = await open()
        .run()
        .catch((error) => error);
      return client.listActiveChats(...page);
    },
  });
  expect(await run()).toMatchObject({ outcome: "completed", recovered: 1 });
  expect(second).toBeInstanceOf(LeaseLost);
  expect((await log.list()).items).toHaveLength(2);
});

test("the end of an erased chat enters the log with its ids only", async () => {
  await using account = await world();
  const { sandbox, open } = account;
  const { log, run } = open();
  const { id } = sandbox.chats.start({}, silently);
  await run();
  const [start] = (await log.list()).items;
  const store = { table: log.table, partitionKey: LOG_PARTITION };
  const events = await eventsAbout(store, chatSubject(id), () => true);
  await eraseEvents(store, events, "2026-01-15T09:01:00.000Z");
  sandbox.chats.end(id, {}, silently);
  await run();
  const { items } = await log.list();
  expect(items).toMatchObject([
    { id: start?.id, erased: true },
    { type: "chat_ended", chatId: id },
  ]);
  expect(JSON.stringify(items)).not.toContain("mary@example.com");
});
