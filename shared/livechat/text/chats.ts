import * as v from "valibot";
import { readable } from "../../schemas/readable.ts";
import { TextChatSummary, ToldTextChat } from "../../schemas/text-chat.ts";
import { maybe, text } from "../../schemas/vocabulary.ts";
import type { Action } from "./action.ts";

/** As many items as a page can have. */
export const PAGE_SIZE = 100;

const agent = { api: "agent", scopes: ["chats--all:ro"], effect: "read" } as const;

export const getChat = { ...agent, name: "get_chat", answer: ToldTextChat } satisfies Action<v.GenericSchema>;
export const listChats = {
  ...agent,
  name: "list_chats",
  answer: v.looseObject({ chats_summary: readable(TextChatSummary), next_page_id: maybe(text) }),
} satisfies Action<v.GenericSchema>;
export const listArchives = {
  ...agent,
  name: "list_archives",
  answer: v.looseObject({ chats: readable(ToldTextChat), next_page_id: maybe(text) }),
} satisfies Action<v.GenericSchema>;

/** `2026-01-15T09:40:00.000Z` as the archive's filters want it: with microseconds and an offset. */
export function toFilterTime(moment: string): string {
  return moment.replace(/\.(\d{3})Z$/, ".$1000+00:00");
}
