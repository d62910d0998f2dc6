import { odata } from "@azure/data-tables";
import { inGroups } from "../core/values.ts";
import { PLACES_PER_REQUEST, placesOfSubject, readPlaces } from "./choose.ts";
import { deriveChat } from "./derive-chat.ts";
import { readEvent, readEventRows } from "./event-row.ts";
import { readHead } from "./head.ts";
import { seqOf, subjectOf } from "./keys.ts";
import type { Store } from "./store.ts";
import type { ChatPage, ListedChat } from "./types.ts";

const MAX_REQUESTS_PER_PAGE = 20;
const CHATS_READ_AT_ONCE = 16;
/** A page gets no further chats once this many bytes of bodies were read. */
const MAX_CHAT_PAGE_BYTES = 16 * 1024 * 1024;

/**
 * See `EventLog.chats`. The log has no index of chats, so this reads the log backwards and returns each chat at its
 * first event.
 */
export async function readChatPage(
  store: Store,
  { before, limit = 25 }: { before?: number; limit?: number },
): Promise<ChatPage> {
  const read = async (place: ChatPlace) => ({ seq: place.seq, chat: await readChatBegunAt(store, place) });
  const items: ListedChat[] = [];
  let bytes = 0;
  let end = Math.min(before ?? Number.MAX_SAFE_INTEGER, (await readHead(store)).seq + 1);
  for (let window = 0; window < MAX_REQUESTS_PER_PAGE && end > 1; window++) {
    const start = Math.max(1, end - PLACES_PER_REQUEST);
    const subjects = await subjectsIn(store, start, end);
    for await (const { seq, chat } of inGroups(subjects, CHATS_READ_AT_ONCE, read)) {
      if (items.length >= limit || bytes >= MAX_CHAT_PAGE_BYTES) return { items, next: seq + 1 };
      if (chat) items.push(chat.listed);
      bytes += chat?.bytes ?? 0;
    }
    end = start;
  }
  return { items, next: end > 1 ? end : null };
}

type ChatPlace = { subject: string; seq: number };

/** The chats with events in a window, each with the place of its first event there, last place first. */
async function subjectsIn(store: Store, start: number, end: number): Promise<ChatPlace[]> {
  const first = new Map<string, number>();
  const where = odata`type ne ${"ticket_created"}`;
  const range = { from: start, through: end - 1, where, select: ["rowKey", "id"] };
  for await (const { id, rowKey } of readEventRows(store, range)) {
    const subject = subjectOf(id);
    if (!first.has(subject)) first.set(subject, seqOf(rowKey));
  }
  return [...first].map(([subject, seq]) => ({ subject, seq })).sort((a, b) => b.seq - a.seq);
}

/** The chat, if its first event is at this place; `undefined` when it began earlier or was erased. */
async function readChatBegunAt(
  store: Store,
  { subject, seq }: ChatPlace,
): Promise<{ listed: ListedChat; bytes: number } | undefined> {
  const places = await placesOfSubject(store, subject);
  if (places[0] !== seq) return undefined;
  const rows = await Array.fromAsync(readPlaces(store, places, subject));
  const events = (await Promise.all(rows.map((row) => readEvent(store, row)))).filter((event) => !!event);
  const chatId = events.map((event) => ("payload" in event ? event.chatId : undefined)).find(Boolean);
  if (chatId === undefined) return undefined;
  const { state, payload } = deriveChat(chatId, events);
  if (!payload || state === "erased") return undefined;
  const { messages, events: _, ...chat } = payload.chat;
  const { receivedAt = "" } = events[0] ?? {};
  const content = { messages: messages?.length ?? 0, payload: { ...payload, chat } };
  const bytes = rows.reduce((sum, row) => sum + (row.bytes ?? 0), 0);
  return { listed: { chatId, seq, state, receivedAt, ...content }, bytes };
}
