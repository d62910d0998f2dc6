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
import { textEvent } from "./text-event.ts";
import { type PendingEnd, toRaw } from "./transcripts.ts";

export type TranscriptPlacesOptions = {
  table: TableClient;
  log: Pick<EventLog, "append" | "chat">;
  /** Ends that came before this time (ISO 8601) are removed; kept when it is absent. */
  removeBefore: () => string | undefined;
};

/** The places of transcripts: the waiting ends, and the transcripts that came after their event. */
export function transcriptPlaces(options: TranscriptPlacesOptions): DataPlace[] {
  return [waitingPlace(options), latePlace(options)];
}

/** Rows of a window; a transcript may be with each. */
const LATE_ROWS = 20;

/**
 * The ends that wait. They have ids alone: whose they are, the events of their chat say. An erased end enters the log
 * with its ids only, where it is erased with the chat's other events; so a repetition does not bring it back.
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
      // Without an event that could tell, it may be the person's.
      return isAnothers ? undefined : { item, isUncertain: true };
    },
    findOfChat: (item, chatId) => (item.threadId === chatId ? { item } : undefined),
    async erase(row) {
      const read = textEvent(toRaw(row, { missing: "gone" }), "webhook");
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

/** The transcripts that came when the end was in the log already. */
function latePlace({ table, removeBefore }: TranscriptPlacesOptions): DataPlace {
  const rows = (after: string) =>
    scanRows<ShownRow>(table, TRANSCRIPTS_PARTITION, { ...ALL_SHOWN, after, window: LATE_ROWS });

  const place = placeOfRows<ShownRow, Row<ShownRow>>({
    name: "transcripts",
    rows,
    async find(item, person) {
      const isNamed = async () => {
        const read = textEvent(await unpack(item), "webhook");
        return "event" in read && (read.event.people ?? []).includes(person.email);
      };
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
