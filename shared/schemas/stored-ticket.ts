import * as v from "valibot";
import * as examples from "./examples.ts";
import { Ticket } from "./ticket.ts";
import { moment, named, shape } from "./vocabulary.ts";

/** A ticket as this app has it. */
export const StoredTicket = shape(
  "StoredTicket",
  v.looseObject({
    ...Ticket.entries,
    deletedAt: named(
      v.optional(moment),
      "Deleted At",
      "When the reconciliation found that LiveChat no longer has it.",
    ),
    truncated: named(
      v.optional(v.literal(true)),
      "Truncated",
      "Present when its events were too large to be stored.",
    ),
    api: named(
      v.optional(v.picklist(["v2", "text"])),
      "API",
      "text: a ticket of HelpDesk. v2: a ticket from before the move to the Text platform, which is not read any more.",
    ),
    erasedAt: named(
      v.optional(moment),
      "Erased At",
      "When its content was erased: on a person's request, or some time after LiveChat removed it.",
    ),
  }),
  examples.ticket,
);
export type StoredTicket = v.InferOutput<typeof StoredTicket>;

export const StoredTicketPage = shape(
  "StoredTicketPage",
  v.object({
    items: named(v.array(StoredTicket), "Items", "The tickets that are not erased, last modified first."),
    next: named(v.nullable(v.string()), "Next", "The cursor of the next call; null at the end."),
  }),
  { items: [examples.ticket], next: null },
);
export type StoredTicketPage = v.InferOutput<typeof StoredTicketPage>;
