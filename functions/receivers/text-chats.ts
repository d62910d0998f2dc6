import * as v from "valibot";
import { receiveText } from "../../shared/receive/receive-text.ts";
import { examples } from "../../shared/schemas/examples.ts";
import { described, shape } from "../../shared/schemas/vocabulary.ts";
import { receiver } from "./receiver.ts";

const TextChatDelivery = shape(
  "TextChatDelivery",
  v.looseObject({
    webhook_id: described(v.optional(v.string()), "Id of the webhook in LiveChat."),
    secret_key: described(v.string(), "The password of the webhook, as it was registered."),
    action: described(v.picklist(["incoming_chat", "chat_deactivated"]), "What happened."),
    organization_id: described(v.optional(v.string()), "The organization of the account."),
    payload: described(
      v.looseObject({}),
      "With incoming_chat: the chat with its thread. With chat_deactivated: chat_id, thread_id and user_id.",
    ),
  }),
  examples.textChatDelivery,
);

/** LiveChat repeats a delivery for a minute and then gives up; the reconciliation finds the chat. */
export const receiveTextChat = receiver({
  id: "ReceiveTextChat",
  summary: "Receive a chat's start or end from the Text platform",
  description:
    "LiveChat's webhooks incoming_chat and chat_deactivated of the Text platform call this operation. A chat's start is in the log before the answer is sent. A chat's end is stored before the answer is sent, and enters the log with its transcript.",
  route: "receivers/text/chats",
  type: "text_chat",
  schema: TextChatDelivery,
  credentials: "key",
  receive: (text, { eventLog: log, transcripts, settings: { webhook } }) =>
    receiveText(text, { log, transcripts, credentials: webhook.credentials }),
});
