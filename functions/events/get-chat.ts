import { NotFound } from "../../shared/core/errors.ts";
import { StoredChat } from "../../shared/schemas/event.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { ChatPath } from "./chat-path.ts";

export const getChat = operation({
  id: "GetChat",
  description: "Returns the latest state of a chat, and the chat's events in the log.",
  tag: "Events",
  method: "GET",
  route: "chats/{chatId}",
  conditional: true,
  input: { path: ChatPath },
  output: { status: 200, description: "The chat.", schema: StoredChat },
  errors: [NotFound, ...storageErrors],
  run: async ({ path: { chatId } }, { eventLog, transcripts }) => {
    const chat = await eventLog.chat(chatId);
    if (!chat) throw new NotFound("The log has no event of a chat with this id.");
    return { body: await transcripts.withLateTranscript(chat) };
  },
});
