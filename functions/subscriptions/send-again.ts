import { Conflict, NotFound } from "../../shared/core/errors.ts";
import { SendAgain, SentAgain } from "../../shared/schemas/subscription.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { SubscriptionPath } from "./subscription-path.ts";

/** Milliseconds after which no further parked event is begun. */
const BUDGET = 15_000;

export const sendAgain = operation({
  id: "SendAgain",
  summary: "Send again",
  description:
    "Sends one event at once, out of order; or with parked, all parked events until one fails. When left is more than 0, repeat the call. A delivered event is no longer parked.",
  tag: "Subscriptions",
  method: "POST",
  route: "subscriptions/{id}/send",
  access: "key",
  input: { path: SubscriptionPath, body: SendAgain },
  output: { status: 200, description: "The attempts, each with the callback's answer.", schema: SentAgain },
  errors: [NotFound, Conflict, ...storageErrors],
  run: async ({ path, body }, { subscribers }) => {
    if (body.id === undefined) return { body: await subscribers.sendParked(path.id, BUDGET) };
    const attempts = [await subscribers.sendAgain(path.id, body.id)];
    return { body: { attempts, left: await subscribers.parkedEvents(path.id) } };
  },
});
