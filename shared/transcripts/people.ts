import type { TableClient } from "@azure/data-tables";
import type { EventLog } from "../event-log/types.ts";
import { namesPerson } from "../people/people-column.ts";
import { peopleIn } from "../people/people-in.ts";
import type { Person } from "../people/person.ts";
import type { DataPlace } from "../people/place.ts";
import { textEvent } from "../receive/text-event.ts";
import { type Row, removeRow } from "../storage/rows.ts";
import { scan } from "../storage/scan.ts";
import { ALL_SHOWN, DUES, type DueRow, PARTITION, rawOf, removeShown, type ShownRow } from "./store.ts";
import { toRaw } from "./transcripts.ts";

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
const WINDOW = 20;

/**
 * The ends that wait. They have ids alone: whose they are, the events of their chat say. An erased end enters the log
 * with its ids only, where it is erased with the chat's other events; so a repetition does not bring it back.
 */
function waitingPlace({ table, log, removeBefore }: TranscriptPlacesOptions): DataPlace {
  async function* rows(after: string) {
    for await (const window of scan<DueRow>(table, PARTITION, { ...DUES, after })) yield* window;
  }

  /** `may` be: no event of the chat is in the log that could tell. */
  async function isOf({ threadId }: DueRow, person: Person): Promise<"yes" | "no" | "may"> {
    const events = (await log.chat(threadId))?.events ?? [];
    const told = events.flatMap((event) => ("payload" in event ? [event.payload] : []));
    if (told.some((payload) => peopleIn(payload).includes(person.email))) return "yes";
    return told.some((payload) => "visitor" in payload && payload.visitor !== undefined) ? "no" : "may";
  }

  async function giveUp(row: Row<DueRow>): Promise<void> {
    const read = textEvent(toRaw(row, { missing: "gone" }), "webhook");
    if ("event" in read) await log.append(read.event);
    await removeRow(table, PARTITION, row.rowKey ?? "");
  }

  return {
    name: "waiting",
    async *erase(person, after) {
      for await (const row of rows(after)) {
        const is = await isOf(row, person);
        if (is === "yes") await giveUp(row);
        const undecided = is === "may" && { undecided: row.threadId };
        yield { after: row.rowKey ?? "", erased: is === "yes" ? 1 : 0, ...undecided };
      }
    },
    async *eraseChat(chatId, after) {
      for await (const row of rows(after)) {
        const isIt = row.threadId === chatId;
        if (isIt) await giveUp(row);
        yield { after: row.rowKey ?? "", erased: isIt ? 1 : 0 };
      }
    },
    async *search(person, after) {
      for await (const row of rows(after)) {
        const is = await isOf(row, person);
        const { threadId, chatId, receivedAt, state } = row;
        yield {
          after: row.rowKey ?? "",
          items: is === "no" ? [] : [{ chatId: threadId, textChatId: chatId, receivedAt, state }],
          ...(is === "may" && { undecided: true as const }),
        };
      }
    },
    async *retain(after) {
      const before = removeBefore();
      if (before === undefined) return;
      for await (const row of rows(after)) {
        const isOld = row.receivedAt < before;
        if (isOld) await removeRow(table, PARTITION, row.rowKey ?? "", { etag: row.etag });
        yield { after: row.rowKey ?? "", removed: isOld ? 1 : 0 };
      }
    },
  };
}

/** The transcripts that came when the end was in the log already. */
function latePlace({ table, removeBefore }: TranscriptPlacesOptions): DataPlace {
  async function* rows(after: string) {
    const range = { ...ALL_SHOWN, after, window: WINDOW };
    for await (const window of scan<ShownRow>(table, PARTITION, range)) yield* window;
  }

  async function read(row: Row<ShownRow>): Promise<object> {
    return JSON.parse(await rawOf(row));
  }

  async function isOf(row: Row<ShownRow>, person: Person): Promise<boolean> {
    const known = namesPerson(row.people, person);
    if (known !== undefined) return known;
    const told = textEvent(await rawOf(row), "webhook");
    return "event" in told && (told.event.people ?? []).includes(person.email);
  }

  return {
    name: "transcripts",
    async *erase(person, after) {
      for await (const row of rows(after)) {
        const is = await isOf(row, person);
        if (is) await removeShown(table, row.threadId);
        yield { after: row.rowKey ?? "", erased: is ? 1 : 0 };
      }
    },
    async *eraseChat(chatId) {
      yield { after: "", erased: (await removeShown(table, chatId)) ? 1 : 0 };
    },
    async *search(person, after) {
      for await (const row of rows(after)) {
        yield { after: row.rowKey ?? "", items: (await isOf(row, person)) ? [await read(row)] : [] };
      }
    },
    async *retain(after) {
      const before = removeBefore();
      if (before === undefined) return;
      for await (const row of rows(after)) {
        const isOld = row.receivedAt < before;
        if (isOld) await removeShown(table, row.threadId);
        yield { after: row.rowKey ?? "", removed: isOld ? 1 : 0 };
      }
    },
  };
}
