import { EventTypes } from "../../shared/schemas/event.ts";
import { operation } from "../operation.ts";

export const listEventTypes = operation({
  id: "ListEventTypes",
  description: "Lists the event types of the log and of subscriptions, each with its schema and an example.",
  tag: "Events",
  method: "GET",
  route: "event-types",
  input: {},
  output: { status: 200, description: "The event types.", schema: EventTypes },
  run: async () => {
    const { describeEventTypes } = await import("../../shared/publish/event-types.ts");
    return { body: { items: describeEventTypes() } };
  },
});
