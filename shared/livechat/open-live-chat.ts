import type { LiveChatConnection } from "../core/settings.ts";
import type { ChatReader, LiveChat } from "./live-chat.ts";
import type { LiveChatTextOptions } from "./text/client.ts";

/** An account, and the reader of its chats where its API has one. */
export type OpenedLiveChat = { liveChat: LiveChat; chatReader?: ChatReader };

/** Opens a connection to the API that the settings name. Only the code of this API is loaded. */
export async function openLiveChat(
  connection: LiveChatConnection,
  { observe, onLifecycle }: Pick<LiveChatTextOptions, "observe" | "onLifecycle"> = {},
): Promise<OpenedLiveChat> {
  if (connection.api === "v2") {
    const { createLiveChatV2 } = await import("./v2/client.ts");
    return { liveChat: createLiveChatV2({ ...connection, observe }) };
  }
  const { createLiveChatText } = await import("./text/client.ts");
  const client = createLiveChatText({ ...connection, observe, onLifecycle });
  return { liveChat: client, chatReader: client };
}
