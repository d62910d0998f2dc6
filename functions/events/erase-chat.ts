import { Erasure } from "../../shared/schemas/event.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { ChatPath } from "./chat-path.ts";

export const eraseChat = operation({
  id: "EraseChat",
  summary: "Erase a chat",
  description:
    "Erases what the log says of a chat. Readers of the log still see that there were events, and not what they said.",
  tag: "Events",
  method: "DELETE",
  route: "chats/{chatId}",
  access: "key",
  input: { path: ChatPath },
  output: { status: 200, description: "How much was erased.", schema: Erasure },
  errors: storageErrors,
  run: async ({ path: { chatId } }, { eventLog }) => ({
    body: { ...(await eventLog.eraseChat(chatId)), done: true },
  }),
});
