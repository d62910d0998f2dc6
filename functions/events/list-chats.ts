import * as v from "valibot";
import { ChatPage } from "../../shared/schemas/event.ts";
import { exact, named, wholeNumber } from "../../shared/schemas/vocabulary.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";

export const listChats = operation({
  id: "ListChats",
  summary: "List chats",
  description:
    "The chats of the log without their transcripts, last started first. Erased chats are not among them. Give next as before in the next call; a page may be short and not the last.",
  tag: "Events",
  method: "GET",
  route: "chats",
  access: "key",
  input: {
    query: exact({
      before: named(
        v.optional(wholeNumber(1, Number.MAX_SAFE_INTEGER)),
        "Before",
        "Only chats whose first event stands before this place in the log.",
        2000,
      ),
      limit: named(v.optional(wholeNumber(1, 100), "25"), "Limit", "How many chats to return at most."),
    }),
  },
  output: { status: 200, description: "The chats, and where to go on.", schema: ChatPage },
  errors: storageErrors,
  run: async ({ query }, { eventLog }) => ({ body: await eventLog.chats(query) }),
});
