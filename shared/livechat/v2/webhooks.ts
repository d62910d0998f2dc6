import * as v from "valibot";
import { flag, listOf, maybe, text } from "../../schemas/vocabulary.ts";

/** A webhook as it is registered with LiveChat. Its `token` is a credential that this app does not need: it is left out. */
const webhook = v.object({
  id: text,
  event_type: text,
  data_types: listOf(text),
  /** It contains the credentials that LiveChat sends: not for logs. */
  url: text,
  verified: maybe(flag),
  licence: maybe(text),
});

export const WebhookList = v.pipe(
  v.object({ events: v.array(webhook) }),
  v.transform(({ events }) => events),
);

/** The answer to a registration, which has the shape of the list. */
export const OneWebhook = v.union([
  v.pipe(
    v.object({ events: v.tuple([webhook]) }),
    v.transform(({ events }) => events[0]),
  ),
  webhook,
]);
