import { chatId } from "../../shared/schemas/examples.ts";
import { exact, filled, named } from "../../shared/schemas/vocabulary.ts";

/** The path of every operation on one chat. */
export const ChatPath = exact({ chatId: named(filled, "Chat Id", "The id of the chat.", chatId) });
