import * as v from "valibot";
import { InvalidInput } from "../../shared/core/errors.ts";
import { CreatedSubscription, NewSubscription } from "../../shared/schemas/subscription.ts";
import { exact, named, published } from "../../shared/schemas/vocabulary.ts";
import { type EventType, WebhookChatResponse, WebhookTicketResponse } from "../../shared/schemas/webhook.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";

/** A parameter that a flow sends by itself: the one value that it can have. */
function fixed<const Value extends string>(value: Value, title: string, description: string) {
  const literal = v.literal(value, `must be ${value}`);
  const internal = v.pipe(v.optional(literal, value), published({ designer: { visibility: "internal" } }));
  return named(internal, title, description);
}

const eventType = <const Type extends EventType>(type: Type) =>
  fixed(type, "Event Type", "What to be told of.");

const queries = {
  chat_started: exact({ event_type: eventType("chat_started") }),
  chat_ended: exact({ event_type: eventType("chat_ended") }),
  ticket_created: exact({
    event_type: eventType("ticket_created"),
    "data_types[]": fixed("ticket", "Data Types", "What to be told of it."),
  }),
};

/** A trigger of flows: who calls it is told of every event of this type from now on, until the subscription is deleted. */
export function trigger(
  type: EventType,
  words: { id: string; summary: string; description: string; route: string },
) {
  return operation({
    ...words,
    tag: "Subscriptions",
    method: "POST",
    access: "key",
    input: { query: queries[type], body: NewSubscription },
    output: {
      status: 201,
      description: "The subscription: the same for the same URL, however often it is asked for.",
      schema: CreatedSubscription,
      headers: v.object({
        Location: named(
          v.string(),
          "Location",
          "Where to send DELETE to end the subscription. Asks for no key.",
        ),
      }),
    },
    errors: [InvalidInput, ...storageErrors],
    trigger: { notification: type === "ticket_created" ? WebhookTicketResponse : WebhookChatResponse },
    run: async ({ body: { url } }, { subscribers }, call) => {
      const body = await subscribers.subscribe(type, url);
      const location = new URL(call.url);
      // Routes are matched whatever the case of their letters.
      location.pathname = location.pathname.replace(/[^/]+\/[^/]+\/?$/, `subscriptions/${body.id}`);
      return { body, headers: { location: location.href } };
    },
  });
}
