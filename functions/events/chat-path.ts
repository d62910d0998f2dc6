import { examples } from "../../shared/schemas/examples.ts";
import { described, exact, filled } from "../../shared/schemas/vocabulary.ts";

/** The path of every operation on one chat. */
export const ChatPath = exact({ chatId: described(filled, "The id of the chat.", examples.chatId) });
