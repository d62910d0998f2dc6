import type { TableClient } from "@azure/data-tables";
import type { EventLog } from "../event-log/event-log.ts";
import { pendingRows } from "../pending/pending.ts";
import { namesPerson } from "../people/people-column.ts";
import { peopleIn } from "../people/people-in.ts";
import type { DataPlace } from "../people/place.ts";
import { placeOfRows, removeOld } from "../people/place-of-rows.ts";
import { unpack } from "../storage/body.ts";
import { type Row, removeRow } from "../storage/rows.ts";
import { scanRows } from "../storage/scan.ts";
import { ALL_SHOWN, removeShown, type ShownRow, TRANSCRIPTS_PARTITION } from "./store.ts";
import { endedText, peopleInText, textEvent } from "./text-event.ts";
import type { PendingEnd } from "./transcripts.ts";

type TranscriptPlacesOptions = {
  table: TableClient;
  log: Pick<EventLog, "append" | "chat">;
  /** ISO 8601: ends that arrived before this time are removed; all are kept when it is absent. */
  removeBefore: () => string | undefined;
};

/** The places of transcripts: ends that wait for one, and transcripts that came after their event. */
export function transcriptPlaces(options: TranscriptPlacesOptions): DataPlace[] {
  return [waitingPlace(options), latePlace(options)];
}

/** How many rows are read at once: each may contain a transcript. */
const LATE_ROWS = 20;

/**
 * Ends that wait for their transcript. They have ids only, so the app looks for the person in the events of their
 * chat. To erase an end, the app adds it to the log with its ids only; the erasure of the chat's events then covers it.
 * So a repeated delivery is a duplicate and does not restore it.
 */
function waitingPlace({ table, log, removeBefore }: TranscriptPlacesOptions): DataPlace {
  return placeOfRows<PendingEnd, Row<PendingEnd>>({
    name: "waiting",
    ...pendingRows(table, TRANSCRIPTS_PARTITION, removeBefore),
    async find(item, person) {
      const events = (await log.chat(item.threadId))?.events ?? [];
      const payloads = events.flatMap((event) => ("payload" in event ? [event.payload] : []));
      if (payloads.some((payload) => peopleIn(payload).includes(person.email))) return { item };
      const isAnothers = payloads.some((payload) => "visitor" in payload && payload.visitor !== undefined);
      // Without events that name a visitor, the end may be the person's.
      return isAnothers ? undefined : { item, isUncertain: true };
    },
    findOfChat: (item, chatId) => (item.threadId === chatId ? { item } : undefined),
    async erase(row) {
      const read = textEvent(endedText(row, { missing: "gone" }), "webhook");
      if ("event" in read) await log.append(read.event);
      await removeRow(table, TRANSCRIPTS_PARTITION, row.rowKey);
      return 1;
    },
    show: ({ threadId, chatId, receivedAt, state }) => [
      { chatId: threadId, textChatId: chatId, receivedAt, state },
    ],
    idOf: ({ threadId }) => threadId,
  });
}

/** Transcripts that came when the end was already in the log. */
function latePlace({ table, removeBefore }: TranscriptPlacesOptions): DataPlace {
  const rows = (after: string) =>
    scanRows<ShownRow>(table, TRANSCRIPTS_PARTITION, { ...ALL_SHOWN, after, window: LATE_ROWS });

  const place = placeOfRows<ShownRow, Row<ShownRow>>({
    name: "transcripts",
    rows,
    async find(item, person) {
      const isNamed = async () => peopleInText(await unpack(item)).includes(person.email);
      return (namesPerson(item.people, person) ?? (await isNamed())) ? { item } : undefined;
    },
    erase: ({ threadId }) => removeShown(table, threadId),
    show: async (row) => [JSON.parse(await unpack(row))],
    retain: (after) => removeOld(rows(after), removeBefore(), ({ threadId }) => removeShown(table, threadId)),
  });
  return {
    ...place,
    async *eraseChat(chatId) {
      yield { after: "", removed: (await removeShown(table, chatId)) ? 1 : 0 };
    },
  };
}
