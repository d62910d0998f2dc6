import { expect, test } from "vitest";
import { receiveText } from "../../shared/receive/receive-text.ts";
import type { EndedThread } from "../../shared/transcripts/store.ts";

/** The item that is stored for the end of a chat. */
async function receiveEnd(more: object): Promise<EndedThread> {
  const kept: EndedThread[] = [];
  const payload = { chat_id: "C1", thread_id: "T1", user_id: "U1" };
  const delivery = { secret_key: "secret", action: "chat_deactivated", organization_id: "O1", payload };
  await receiveText(JSON.stringify({ ...delivery, ...more }), {
    log: { firstEventsOf: async () => new Map() } as never,
    transcripts: {
      keep: async (end) => kept.push(end) > 0,
      forget: async () => {},
      settle: async () => {},
    },
    credentials: [{ username: "livechat", password: "secret" }],
  });
  expect(kept).toHaveLength(1);
  return kept[0] as EndedThread;
}

const payload = { chat_id: "C1", thread_id: "T1", user_id: "U1" };

test("the end of a chat is stored as it came, without its secret", async () => {
  const { envelope, ...ids } = await receiveEnd({ surprise: 1 });
  expect(ids).toEqual({ chatId: "C1", threadId: "T1" });
  expect(JSON.parse(envelope)).toEqual({
    action: "chat_deactivated",
    organization_id: "O1",
    payload,
    surprise: 1,
  });
});

test("the end of a chat of more than 8 KiB is stored with all of its ids", async () => {
  const { envelope } = await receiveEnd({ surprise: "x".repeat(9_000) });
  expect(JSON.parse(envelope)).toEqual({ action: "chat_deactivated", organization_id: "O1", payload });
});

test("an id that storage cannot hold is left out of a stored end", async () => {
  const { envelope } = await receiveEnd({
    organization_id: "x".repeat(40_000),
    payload: { ...payload, user_id: "\ud800" },
  });
  expect(JSON.parse(envelope)).toEqual({
    action: "chat_deactivated",
    payload: { chat_id: "C1", thread_id: "T1" },
  });
});
