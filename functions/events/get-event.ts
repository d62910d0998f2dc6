import * as v from "valibot";
import { NotFound } from "../../shared/core/errors.ts";
import { type LogEvent, TRACE } from "../../shared/event-log/types.ts";
import { LoggedEvent, RawDelivery } from "../../shared/schemas/event.ts";
import { examples } from "../../shared/schemas/examples.ts";
import { described, exact, filled, named, yesOrNo } from "../../shared/schemas/vocabulary.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";

export const getEvent = operation({
  id: "GetEvent",
  description: "Returns one event of the log, or its original delivery from LiveChat if raw is true.",
  tag: "Events",
  method: "GET",
  route: "events/{id}",
  input: {
    path: exact({ id: named(filled, "Event Id", "The id of the event.", examples.eventId) }),
    query: exact({
      raw: described(v.optional(yesOrNo, "false"), "Returns the original delivery instead of the event."),
    }),
  },
  output: {
    status: 200,
    description: "The event, or the original delivery if raw is true.",
    schema: v.union([LoggedEvent, RawDelivery]),
  },
  errors: [NotFound, ...storageErrors],
  run: async ({ path: { id }, query: { raw } }, { eventLog }) => {
    const found = raw ? await eventLog.getRaw(id) : await eventLog.get(id);
    const wanted = raw ? "original delivery of an event" : "event";
    if (found === undefined) throw new NotFound(`There is no ${wanted} with this id.`);
    return typeof found === "string" ? { text: found } : { body: withTraceId(found) };
  },
});

/** With this id an operator finds the delivery's trace in Application Insights or another collector. */
function withTraceId(event: LogEvent): LogEvent & { traceId?: string } {
  const [, traceId] = (TRACE in event && event[TRACE]?.split("-")) || [];
  return traceId === undefined ? event : { ...event, traceId };
}
