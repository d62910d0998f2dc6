import { Conflict } from "../../shared/core/errors.ts";
import { SendAgain, SentAgain } from "../../shared/schemas/subscription.ts";
import { operation } from "../operation.ts";
import { onSubscription } from "./on-subscription.ts";

/** Milliseconds after which the call sends no further parked event. */
const SEND_BUDGET = 15_000;

export const sendAgain = operation({
  ...onSubscription,
  id: "SendAgain",
  description:
    "Sends one event at once, out of order. With parked, sends all parked events until one fails. If left is more than 0, repeat the call. A delivered event is no longer parked.",
  route: "subscriptions/{id}/send",
  input: { ...onSubscription.input, body: SendAgain },
  output: { status: 200, description: "The attempts, each with the callback's answer.", schema: SentAgain },
  errors: [...onSubscription.errors, Conflict],
  run: async ({ path: { id }, body }, { subscriptions }) => ({
    body: await (body.id === undefined
      ? subscriptions.sendParked(id, SEND_BUDGET)
      : subscriptions.sendAgain(id, body.id)),
  }),
});
