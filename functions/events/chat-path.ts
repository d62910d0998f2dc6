import { chatId } from "../../shared/schemas/examples.ts";
import { filled } from "../../shared/schemas/parameter.ts";
import { exact, named } from "../../shared/schemas/scalar.ts";

/** The path of every operation on one chat. */
export const ChatPath = exact({ chatId: named(filled, "Chat Id", "The id of the chat.", chatId) });
