import * as v from "valibot";
import { examples } from "./examples.ts";
import { Ticket } from "./ticket.ts";
import { described, moment, shape } from "./vocabulary.ts";

/** The app's stored copy of a ticket. */
export const StoredTicket = shape(
  "StoredTicket",
  v.looseObject({
    ...Ticket.entries,
    deletedAt: described(v.optional(moment), "When the reconciliation found the ticket deleted in LiveChat."),
    truncated: described(v.optional(v.literal(true)), "Present when the events were too large to store."),
    api: described(
      v.optional(v.picklist(["v2", "text"])),
      "text: a ticket of HelpDesk. v2: a ticket from before the move to the Text platform; the app no longer updates it.",
    ),
    erasedAt: described(
      v.optional(moment),
      "When the ticket's content was erased: on a person's request, or some time after LiveChat deleted the ticket.",
    ),
  }),
  examples.ticket,
);
export type StoredTicket = v.InferOutput<typeof StoredTicket>;

export const StoredTicketPage = shape(
  "StoredTicketPage",
  v.object({
    items: described(v.array(StoredTicket), "The tickets that are not erased, latest modification first."),
    next: described(v.nullable(v.string()), "The value of cursor for the next call; null at the end."),
  }),
  { items: [examples.ticket], next: null },
);
export type StoredTicketPage = v.InferOutput<typeof StoredTicketPage>;
