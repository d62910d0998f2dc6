import { NotFound } from "../../shared/core/errors.ts";
import { examples } from "../../shared/schemas/examples.ts";
import { Attempts } from "../../shared/schemas/subscription.ts";
import { exact, filled, named } from "../../shared/schemas/vocabulary.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";

export const listAttempts = operation({
  id: "ListAttempts",
  description:
    "Lists the attempts to deliver an event: failed attempts of the last week, and successful attempts that are among the last 20 of their subscription.",
  tag: "Subscriptions",
  method: "GET",
  route: "events/{id}/attempts",
  conditional: true,
  input: { path: exact({ id: named(filled, "Event Id", "The id of the event.", examples.eventId) }) },
  output: { status: 200, description: "The attempts, oldest first.", schema: Attempts },
  errors: [NotFound, ...storageErrors],
  run: async ({ path }, { subscriptions }) => ({ body: { items: await subscriptions.attemptsOf(path.id) } }),
});
