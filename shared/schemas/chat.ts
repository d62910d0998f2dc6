import * as v from "valibot";
import {
  described,
  identifier,
  integer,
  listOf,
  maybe,
  named,
  TIME_FORMAT,
  text,
  time,
} from "./vocabulary.ts";

const groupId = v.pipe(
  v.union([integer, v.looseObject({ id: integer })], "must be a group's id, or a group with an id"),
  v.transform((group) => (typeof group === "number" ? group : group.id)),
  v.number(),
  v.integer(),
);

/** Microsoft's connector types the times of tickets as date-time, and those of chats as plain text. */
const chatTime = v.pipe(time, v.string());

const agent = v.looseObject({
  login: named(maybe(text), "Agent Email", "Email address of the agent."),
  name: named(maybe(text), "Agent Name", "Name of the agent."),
});

const chatEvent = v.looseObject({
  text: named(maybe(text), "Event Text", "Message associated with the event."),
  timestamp: named(maybe(chatTime), "Event Date-Time", TIME_FORMAT),
  type: named(maybe(text), "Event Type", "Type of event."),
  user_type: named(maybe(text), "Event User Type", "Type of user."),
});

const message = v.looseObject({
  agent_id: described(maybe(text), "Unique id of the agent associated with the message."),
  author_name: described(maybe(text), "Name of the message's author."),
  text: described(maybe(text), "Body of the message."),
  timestamp: named(maybe(chatTime), "Sent Date-Time", TIME_FORMAT),
  user_type: described(maybe(text), "Type of the user sending the message."),
});

/** A chat, as LiveChat's webhooks send it. Its transcript may have any size. */
export const Chat = v.looseObject({
  id: named(identifier, "Chat Id", "Unique identifier of the chat."),
  url: described(maybe(text), "Url of the website where chat started."),
  started_timestamp: named(maybe(chatTime), "Started Date-Time", TIME_FORMAT),
  ended_timestamp: described(maybe(chatTime), TIME_FORMAT),
  agents: named(listOf(agent), "agents", "agents."),
  events: named(listOf(chatEvent), "events", "Array of events."),
  groups: named(listOf(groupId), "groups", "Ids of the chat's groups."),
  messages: named(listOf(message), "Message", "Array of messages."),
  tags: named(listOf(text), "tags", "Tags of the chat."),
});
export type Chat = v.InferOutput<typeof Chat>;

/** The visitor of a chat. */
export const Visitor = v.looseObject({
  email: described(maybe(text), "Email address of the visitor."),
  id: described(maybe(text), "Unique id of the visitor."),
  language: described(maybe(text), "Language associated with the visitor's account."),
  name: described(maybe(text), "Name of the visitor."),
  page_current: named(maybe(text), "Page", "Webpage that the chat originated from."),
});

/** `true` or `false` in LiveChat's reference. LiveChat has also sent `"true"` and `"1"`. */
const choice = v.pipe(
  v.union([v.boolean(), text]),
  v.transform((chosen) => chosen === true || chosen === "true" || chosen === "1"),
  v.boolean(),
);

const surveyChoice = v.looseObject({
  label: named(maybe(text), "Choice", "A choice of the question."),
  chosen: described(maybe(choice), "True if the visitor chose it."),
});

const item = v.looseObject({
  answer: described(maybe(text), "Survey answer."),
  id: named(maybe(text), "Survey Id", "Pre chat survey id."),
  label: named(maybe(text), "Question", "Survey question."),
  answers: named(listOf(surveyChoice), "Choices", "The choices of a checkbox question."),
});

/**
 * A question of the survey before a chat. The `answer` of a checkbox question becomes the labels of its chosen
 * `answers`.
 */
export const SurveyItem = v.pipe(
  item,
  v.transform(
    (given): v.InferInput<typeof item> => ({ ...given, answer: given.answer ?? chosen(given.answers) }),
  ),
  item,
);

function chosen(answers: readonly { label?: string; chosen?: boolean }[] | undefined): string | undefined {
  return answers
    ?.filter((answer) => answer.chosen)
    .map(({ label }) => label ?? "")
    .join(", ");
}
