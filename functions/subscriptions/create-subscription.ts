import { InvalidInput } from "../../shared/core/errors.ts";
import { CreatedSubscription, NewSubscription } from "../../shared/schemas/subscription.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { LocationHeader, locationOf } from "./on-subscription.ts";

const route = "subscriptions";

export const createSubscription = operation({
  id: "CreateSubscription",
  summary: "Subscribe",
  description:
    "Sends all future events that match the types and the filter to a URL. Events are sent in order, signed, and retried after a failure. A call with the URL and types of an existing subscription changes its other settings.",
  tag: "Subscriptions",
  method: "POST",
  route,
  input: { body: NewSubscription },
  output: {
    status: 201,
    description: "The subscription.",
    schema: CreatedSubscription,
    headers: LocationHeader,
  },
  errors: [InvalidInput, ...storageErrors],
  run: async ({ body }, { subscriptions }, call) => {
    const made = await subscriptions.subscribe({ policy: "park", ...body });
    return { body: made, headers: { location: locationOf(made.id, call.url, route) } };
  },
});
