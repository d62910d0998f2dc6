import type { OutputOf } from "../calls.ts";

type Chat = NonNullable<OutputOf<"GetChat">["payload"]>["chat"];

/** Spans of a chat in milliseconds. A span is absent until it ends. */
type Times = {
  /** From the start of the chat to the first message of an agent. */
  wait?: number | undefined;
  /** From the visitor's first message to the first message of an agent after it. */
  response?: number | undefined;
  /** From the start to the end. */
  duration?: number | undefined;
};

export function timesOf({ started_timestamp: started, ended_timestamp: ended, messages = [] }: Chat): Times {
  const asked = messages.findIndex(({ user_type }) => user_type === "visitor");
  const isAnswer = ({ user_type }: { user_type?: string | undefined }) => user_type === "agent";
  const answer = asked < 0 ? undefined : messages.slice(asked).find(isAnswer);
  return {
    wait: between(started, messages.find(isAnswer)?.timestamp),
    response: between(messages[asked]?.timestamp, answer?.timestamp),
    duration: between(started, ended),
  };
}

function between(begin: string | undefined, end: string | undefined): number | undefined {
  const span = Date.parse(end ?? "") - Date.parse(begin ?? "");
  return Number.isNaN(span) ? undefined : Math.max(0, span);
}
