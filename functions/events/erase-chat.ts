import { Erasure } from "../../shared/schemas/people.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { ChatPath } from "./chat-path.ts";

export const eraseChat = operation({
  id: "EraseChat",
  summary: "Erase a chat",
  description:
    "Erases the stored content of a chat. The chat's events stay in the log without their content. If done is false, repeat the call to continue.",
  tag: "Events",
  method: "DELETE",
  route: "chats/{chatId}",
  input: { path: ChatPath },
  output: { status: 200, description: "How much was erased.", schema: Erasure },
  errors: storageErrors,
  run: async ({ path: { chatId } }, { people }) => ({ body: await people.eraseChat(chatId) }),
});
