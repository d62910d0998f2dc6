import type { LiveChatConnection } from "../core/settings.ts";
import type { ChatReader, ConnectionOptions, LiveChat } from "./live-chat.ts";
import type { LiveChatTextOptions } from "./text/client.ts";

type Options = Omit<ConnectionOptions, "url" | "rateLimit"> & Pick<LiveChatTextOptions, "onLifecycle">;

/** An account, and the reader of its chats where its API has one. */
export type OpenedLiveChat = { liveChat: LiveChat; chatReader?: ChatReader };

/** Opens a connection to the API that the settings name. Only the code of this API is loaded. */
export async function openLiveChat(
  connection: LiveChatConnection,
  { onLifecycle, ...options }: Options = {},
): Promise<OpenedLiveChat> {
  if (connection.api === "v2") {
    const { createLiveChatV2 } = await import("./v2/client.ts");
    return { liveChat: createLiveChatV2({ ...connection, ...options }) };
  }
  const { createLiveChatText } = await import("./text/client.ts");
  const client = createLiveChatText({ ...connection, ...options, onLifecycle });
  return { liveChat: client, chatReader: client };
}
