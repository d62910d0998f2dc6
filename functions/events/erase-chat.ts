import { Erasure } from "../../shared/schemas/people.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { ChatPath } from "./chat-path.ts";

export const eraseChat = operation({
  id: "EraseChat",
  summary: "Erase a chat",
  description:
    "Erases the stored content of a chat. Readers of the log still see its events, without content. When done is false, repeat the call: it continues where this one stopped.",
  tag: "Events",
  method: "DELETE",
  route: "chats/{chatId}",
  input: { path: ChatPath },
  output: { status: 200, description: "How much was erased.", schema: Erasure },
  errors: storageErrors,
  run: async ({ path: { chatId } }, { people }) => ({ body: await people.eraseChat(chatId) }),
});
