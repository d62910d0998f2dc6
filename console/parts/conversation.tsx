import type { OutputOf } from "../calls.ts";
import { Slices } from "./slices.tsx";
import { Text } from "./text.tsx";
import { Long } from "./tree.tsx";

type Message = NonNullable<NonNullable<OutputOf<"GetChat">["payload"]>["chat"]["messages"]>[number];

const SIDES: Record<string, string> = { agent: "Agent", visitor: "Visitor", supervisor: "Supervisor" };
/** The number of messages in a slice. */
const MESSAGES_SHOWN = 200;

/** A transcript, with a mark at the start of each day. */
export function Conversation({ messages, hasEnded }: { messages: readonly Message[]; hasEnded: boolean }) {
  if (messages.length === 0) {
    return (
      <p class="quiet">
        {hasEnded ? "The chat has no messages." : "The transcript arrives when the chat ends."}
      </p>
    );
  }
  return (
    <ol class="conversation">
      <Slices of={messages} step={MESSAGES_SHOWN}>
        {(message, index) => {
          const day = dayOf(message.timestamp);
          const isNewDay = day !== undefined && day !== dayOf(messages[index - 1]?.timestamp);
          return [
            isNewDay && (
              <li class="day" key={day}>
                {day}
              </li>
            ),
            <li class={`message ${message.user_type ?? ""}`} key={index}>
              <header>
                {SIDES[message.user_type ?? ""] ?? "Unknown"} <Text value={message.author_name ?? ""} />
                {message.timestamp && (
                  <>
                    {" · "}
                    <time dateTime={message.timestamp} title={message.timestamp}>
                      {new Date(message.timestamp).toLocaleTimeString()}
                    </time>
                  </>
                )}
              </header>
              <Long value={message.text ?? ""} />
            </li>,
          ];
        }}
      </Slices>
    </ol>
  );
}

function dayOf(timestamp: string | undefined): string | undefined {
  if (!timestamp || Number.isNaN(Date.parse(timestamp))) return undefined;
  return new Date(timestamp).toLocaleDateString(undefined, { dateStyle: "full" });
}
