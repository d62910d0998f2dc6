import * as v from "valibot";
import { InvalidInput } from "../../shared/core/errors.ts";
import { exportEvents } from "../../shared/event-log/export-events.ts";
import { linkToNext } from "../../shared/http/link.ts";
import { EventPage } from "../../shared/schemas/event.ts";
import { examples } from "../../shared/schemas/examples.ts";
import { described, exact, filled, instant, oneOf, wholeNumber } from "../../shared/schemas/vocabulary.ts";
import { EVENT_TYPES } from "../../shared/schemas/webhook.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";

/**
 * Bytes of an export in one answer. Azure Functions keeps a whole answer in memory, so a longer export continues in
 * the next answer.
 */
const EXPORT_BYTES = 32 * 1024 * 1024;

export const listEvents = operation({
  id: "ListEvents",
  description:
    "Returns the events of the log, in order. To read on, send the answer's next as the parameter after. Each event is then returned exactly once, because a new event always comes after all earlier ones.",
  tag: "Events",
  method: "GET",
  route: "events",
  input: {
    query: exact({
      after: described(
        v.optional(wholeNumber(0), "0"),
        "Only events after this place in the log; 0 is the beginning.",
      ),
      before: described(v.optional(wholeNumber(1)), "Only events before this place in the log.", 2000),
      limit: described(
        v.optional(wholeNumber(1, 1000)),
        "The maximum number of events to return; 100 by default.",
        100,
      ),
      type: described(v.optional(oneOf(EVENT_TYPES)), "Only events of this type."),
      chat_id: described(v.optional(filled), "Only events of this chat.", examples.chatId),
      ticket_id: described(v.optional(filled), "Only events of this ticket.", examples.ticketId),
      from: described(
        v.optional(instant),
        "Only events received at this time or later.",
        "2026-01-15T00:00:00.000Z",
      ),
      to: described(
        v.optional(instant),
        "Only events received before this time.",
        "2026-01-16T00:00:00.000Z",
      ),
      max_payload: described(
        v.optional(wholeNumber(0)),
        "The maximum size of an event's content, in bytes; 0 leaves out all content. An event without its content has omitted: true, and no chatId or ticketId. GET /events/{id} returns the whole event.",
        65536,
      ),
      format: described(
        v.optional(oneOf(["json", "ndjson"]), "json"),
        "The format: ndjson returns one event a line, without a limit. A long log continues at the URL in the header Link.",
      ),
    }),
  },
  output: {
    status: 200,
    description: "The events, and the place where the next call starts.",
    schema: EventPage,
    headers: v.object({
      Link: described(
        v.optional(v.string()),
        "With ndjson only: the URL of the next part of a long log, as rel=next.",
      ),
    }),
    otherTypes: { "application/x-ndjson": "With ndjson: one event a line." },
  },
  errors: [InvalidInput, ...storageErrors],
  run: async ({ query }, { eventLog }, { url }) => {
    const { chat_id: chatId, ticket_id: ticketId, max_payload: maxPayload, format, ...others } = query;
    if (chatId && ticketId) {
      throw InvalidInput.at(
        "ticket_id",
        "chat_id and ticket_id cannot both be given: no event is about a chat and a ticket.",
      );
    }
    const wanted = { ...others, chatId, ticketId, maxPayload };
    if (format === "json") {
      const page = await eventLog.list(wanted);
      checkPlace(query.after, page.head);
      return { body: page };
    }
    checkPlace(query.after, (await eventLog.head()).seq);
    const { text, next } = await exportEvents(eventLog, wanted, { maxBytes: EXPORT_BYTES });
    const goOn = next !== undefined && { Link: linkToNext(url, { ...query, after: next }) };
    return { text, headers: { "content-type": "application/x-ndjson", ...goOn } };
  },
});

/** Refuses a place after the end of the log: the reader would get no events until the log reaches that place. */
function checkPlace(after: number, head: number): void {
  if (after <= head) return;
  throw InvalidInput.at(
    "after",
    `after is ${after}, and the log ends at ${head}: the log was replaced or emptied. Start again with after=0.`,
  );
}
