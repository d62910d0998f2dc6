import * as v from "valibot";
import { flag, listOf, maybe, text } from "../../schemas/vocabulary.ts";

/** A registered webhook. Its `token` is left out: it is a credential that this app does not need. */
const Webhook = v.object({
  id: text,
  /** v2's name, such as `chat_started`. An event that v2 does not have keeps HelpDesk's or the Text platform's name. */
  event_type: text,
  data_types: listOf(text),
  /** It contains the credentials that LiveChat sends, so it must not be logged. */
  url: text,
  verified: maybe(flag),
  /** The account of the webhook. */
  licence: maybe(text),
});
export type Webhook = v.InferOutput<typeof Webhook>;

export const WebhookList = v.pipe(
  v.object({ events: v.array(Webhook) }),
  v.transform(({ events }) => events),
);

/** The answer to a registration: a list with one webhook, or the webhook itself. */
export const OneWebhook = v.union([
  v.pipe(
    v.object({ events: v.tuple([Webhook]) }),
    v.transform(({ events }) => events[0]),
  ),
  Webhook,
]);
