import type { TableClient } from "@azure/data-tables";
import { expect, test } from "vitest";
import { NotFound, TooManyRequests, UpstreamFailed } from "../../shared/core/errors.ts";
import type { ChatReader } from "../../shared/livechat/live-chat.ts";
import { ALL_PENDING } from "../../shared/pending/pending.ts";
import { openPeople } from "../../shared/people/people.ts";
import type { RawTextChat } from "../../shared/schemas/text-chat.ts";
import { readRows } from "../../shared/storage/rows.ts";
import { transcriptPlaces } from "../../shared/transcripts/people.ts";
import { type EndedThread, TRANSCRIPTS_PARTITION } from "../../shared/transcripts/store.ts";
import { openTranscripts } from "../../shared/transcripts/transcripts.ts";
import { EPOCH, MINUTE, newLog, newTable, started } from "../event-log/deliveries.ts";

const MARY = "mary@example.com";

const chat = (threadId: string, more: object = {}): RawTextChat => ({
  id: "CHAT",
  users: [{ id: "customer", type: "customer", email: MARY }],
  thread: {
    ...{ id: threadId, active: false, created_at: "2026-01-15T09:00:00.000001Z" },
    events: [
      { type: "message", text: "Hello", created_at: "2026-01-15T09:10:00.000001Z", author_id: "customer" },
    ],
    ...more,
  },
});

const end = (threadId: string): EndedThread => ({
  chatId: "CHAT",
  threadId,
  envelope: JSON.stringify({
    action: "chat_deactivated",
    payload: { chat_id: "CHAT", thread_id: threadId },
  }),
});

/** Opens instances on one table and one clock. The test gives LiveChat's answers. */
function world(getChat: ChatReader["getChat"]) {
  let time = EPOCH;
  const now = () => time;
  const name = newTable().tableName;
  const calls: string[] = [];
  const chats: Pick<ChatReader, "getChat"> = {
    getChat(chatId, threadId, call) {
      calls.push(threadId);
      return getChat(chatId, threadId, call);
    },
  };
  const open = () => {
    const table = newTable(name);
    const log = newLog({ table, now });
    return { table, log, ...openTranscripts({ table, log, chats, now }) };
  };
  const pass = (milliseconds: number) => {
    time += milliseconds;
  };
  return { open, calls, now, pass };
}

const pendingIn = (table: TableClient) =>
  Array.fromAsync(readRows(table, TRANSCRIPTS_PARTITION, ALL_PENDING));

const failing = async () => {
  throw new UpstreamFailed("LiveChat failed (503).");
};

test("an end enters the log with its transcript as soon as LiveChat returns it", async () => {
  const { open, calls } = world(async (_, threadId) => chat(threadId));
  const one = open();
  expect(await one.keep(end("T1"))).toBe(true);
  expect(await one.keep(end("T1"))).toBe(false);
  expect((await one.log.list()).items).toEqual([]);
  await one.settle("T1");
  const { items } = await one.log.list();
  expect(items).toMatchObject([
    { type: "chat_ended", api: "text", chatId: "T1", occurredAt: "2026-01-15T09:10:00.000Z" },
  ]);
  expect(await pendingIn(one.table)).toEqual([]);
  expect(calls).toEqual(["T1"]);
});

test("a failed fetch of a transcript is repeated when due, by one instance only", async () => {
  let fail = true;
  const { open, calls, pass } = world(async (_, threadId) => (fail ? failing() : chat(threadId)));
  const [one, two] = [open(), open()];
  await one.keep(end("T1"));
  await one.settle("T1");
  expect(await two.settleDue({ budgetMs: 60_000 })).toEqual({
    withTranscript: 0,
    withoutTranscript: 0,
    waiting: 1,
  });
  expect(calls).toHaveLength(1);
  pass(30_001);
  fail = false;
  const settled = await Promise.all([
    one.settleDue({ budgetMs: 60_000 }),
    two.settleDue({ budgetMs: 60_000 }),
  ]);
  expect(settled.reduce((sum, { withTranscript }) => sum + withTranscript, 0)).toBe(1);
  expect(calls).toHaveLength(2);
  expect((await one.log.list()).items).toHaveLength(1);
});

test("after an outage, each run fetches as many transcripts as the limit permits", async () => {
  let limit = 0;
  let left = 0;
  const { open, pass } = world(async (_, threadId) => {
    if (limit === 0) return failing();
    if (left-- <= 0) throw new TooManyRequests("The limit is used up.", { retryAfter: 60 });
    return chat(threadId);
  });
  const one = open();
  const run = () => {
    pass(MINUTE);
    left = limit;
    return one.settleDue({ budgetMs: 50_000 });
  };
  for (let index = 0; index < 8; index++) await one.keep(end(`T${index}`));
  for (let minute = 0; minute < 20; minute++) await run();
  limit = 3;
  const runs = [];
  // The longest pause after a failure is ten minutes.
  for (let minute = 0; minute < 13; minute++) runs.push((await run()).withTranscript);
  expect(runs.filter((count) => count > 0)).toEqual([3, 3, 2]);
});

test("a transcript of an active thread is fetched once more before it is stored", async () => {
  const { open, pass } = world(async (_, threadId) => chat(threadId, { active: true }));
  const one = open();
  await one.keep(end("T1"));
  await one.settle("T1");
  expect((await one.log.list()).items).toEqual([]);
  pass(30_001);
  expect(await one.settleDue({ budgetMs: 60_000 })).toMatchObject({ withTranscript: 1 });
});

test("a transcript that is later than an hour shows only with the chat", async () => {
  let answer: ChatReader["getChat"] = failing;
  const { open, pass } = world((...asked) => answer(...asked));
  const one = open();
  await one.keep(end("T1"));
  await one.settle("T1");
  for (let minute = 0; minute < 62; minute++) {
    pass(MINUTE);
    await one.settleDue({ budgetMs: 60_000 });
  }
  const { items } = await one.log.list();
  expect(items).toMatchObject([{ payload: { chat: { id: "T1", missing_transcript: "failed" } } }]);

  answer = async (_, threadId) => chat(threadId);
  pass(16 * MINUTE);
  await one.settleDue({ budgetMs: 60_000 });
  expect((await one.log.list()).items).toEqual(items);
  const state = await one.log.chat("T1");
  if (!state) throw new Error("There is no chat");
  expect(await one.withLateTranscript(state)).toMatchObject({
    chatId: "T1",
    payload: { chat: { messages: [{ text: "Hello" }] }, visitor: { email: MARY } },
    events: items,
  });
  expect(await pendingIn(one.table)).toEqual([]);
});

test("the end of a chat gone from LiveChat enters the log after one fetch", async () => {
  const { open, calls, pass } = world(async () => {
    throw new NotFound("There is no such chat.");
  });
  const one = open();
  await one.keep(end("T1"));
  await one.settle("T1");
  pass(24 * 60 * MINUTE);
  await one.settleDue({ budgetMs: 60_000 });
  expect((await one.log.list()).items).toMatchObject([{ payload: { chat: { missing_transcript: "gone" } } }]);
  expect(calls).toHaveLength(1);
});

test("when an instance dies before it fetches a transcript, another adds the end", async () => {
  const { open, pass } = world(async (_, threadId) => chat(threadId));
  await open().keep(end("T1"));
  pass(30_001);
  const other = open();
  expect(await other.settleDue({ budgetMs: 60_000 })).toEqual({
    withTranscript: 1,
    withoutTranscript: 0,
    waiting: 0,
  });
});

test("the waiting end of an erased person becomes a tombstone without a transcript", async () => {
  const { open, now, pass, calls } = world(async (_, threadId) => chat(threadId));
  const { table, log, ...one } = open();
  await log.append(started({ id: "T1", email: MARY }));
  await one.keep(end("T1"));
  await one.keep(end("T2"));
  const options = { table, log, removeBefore: () => undefined };
  const people = openPeople({ table, places: transcriptPlaces(options), now });
  const { found } = await people.search(MARY, { maxBytes: 1e6 });
  // The log has no event of T2, so an operator must decide.
  const sorted = found.toSorted((a, b) => (a.undecided ? 1 : 0) - (b.undecided ? 1 : 0));
  expect(sorted).toMatchObject([{ item: { chatId: "T1" } }, { item: { chatId: "T2" }, undecided: true }]);
  expect(await people.erase(MARY)).toEqual({
    ...{ erased: 1, done: true },
    undecided: [{ place: "waiting", id: "T2" }],
  });
  expect((await log.firstEventsOf("T1")).has("chat_ended")).toBe(true);
  pass(MINUTE);
  await one.settleDue({ budgetMs: 60_000 });
  expect(calls).toEqual(["T2"]);
  expect(await people.eraseChat("T2")).toMatchObject({ erased: 0 });
});
