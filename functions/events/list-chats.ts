import * as v from "valibot";
import { ChatPage } from "../../shared/schemas/event.ts";
import { described, exact, wholeNumber } from "../../shared/schemas/vocabulary.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";

export const listChats = operation({
  id: "ListChats",
  description:
    "Returns the chats of the log without their transcripts, latest start first. Erased chats are left out. To read on, send the answer's next as the parameter before. At the end, next is null; a page with fewer chats than limit is not always the last.",
  tag: "Events",
  method: "GET",
  route: "chats",
  conditional: true,
  input: {
    query: exact({
      before: described(
        v.optional(wholeNumber(1)),
        "Only chats whose first event is before this place in the log.",
        2000,
      ),
      limit: described(v.optional(wholeNumber(1, 100), "25"), "The maximum number of chats to return."),
    }),
  },
  output: {
    status: 200,
    description: "The chats, and the place where the next call starts.",
    schema: ChatPage,
  },
  errors: storageErrors,
  run: async ({ query }, { eventLog }) => ({ body: await eventLog.chats(query) }),
});
