import { objectOf } from "../core/values.ts";
import { isAddress, type Person, toAddress } from "./person.ts";

/** The meaning of a string in a body from LiveChat, by its path. */
type Role =
  /** It describes a visitor or requester. */
  | "visitor"
  /** It is the address of a visitor or requester, in any form. */
  | "email"
  /** It is part of a survey, where only the answers are the visitor's. */
  | "survey"
  /** It is part of the list of a chat's users, each with a type. */
  | "users"
  /** It describes an agent. */
  | "agent"
  /** It is anything else, such as a message or an unknown member. */
  | "other";

/** How a body relates to a person or chat. `names` is certain, `may` needs a decision by the operator, `no` is neither. */
export type Concern = "names" | "may" | "no";

const VISITORS = /^(visitors?|requesters?|customers?|clients?)$/i;
const AGENTS = /^(agents?|agent_id|assignees?|supervisors?|operators?|login)$/i;
const SURVEYS = /^(pre|post)_chat_survey$/i;
const MAIL = /mail/i;
/** Names of custom variables that contain the visitor's own address. */
const MAIL_VARIABLE = /^((visitor|customer|client|user|your)[ _-]?)?e?-?mail([ _-]?address)?$/i;

/**
 * The addresses of visitors and requesters in a body, each once: in their own fields, in survey answers, and as authors
 * of a ticket's events.
 *
 * @param body a parsed webhook, or a ticket under `ticket`
 */
export function peopleIn(body: unknown): string[] {
  const people = new Set<string>();
  for (const { text, role } of stringsIn(body)) {
    const address = toAddress(text);
    if (role === "email" ? address !== "" : role === "visitor" && isAddress(address)) people.add(address);
  }
  return [...people];
}

/**
 * Decides how a body relates to a person. `names`: a field of a visitor or requester has the address. `may`: the whole
 * address is elsewhere in the body. Fields of agents do not count.
 */
export function concerns(body: unknown, { email }: Person): Concern {
  const whole = wholeAddress(email);
  let may = false;
  for (const { text, role } of stringsIn(body)) {
    const isTheirs = role === "email" || role === "visitor";
    if (isTheirs && toAddress(text) === email) return "names";
    if (role !== "agent" && whole.test(text.toLowerCase())) may = true;
  }
  return may ? "may" : "no";
}

/**
 * Decides how a body relates to a chat. `names`: its `chat.id` is the chat's. `may`: `chat.id` is missing, and another
 * id in the body is the chat's, such as a thread id of the Text platform.
 */
export function concernsChat(body: unknown, chatId: string): Concern {
  const { id } = objectOf(objectOf(body).chat);
  if (isIdValue(id)) return String(id) === chatId ? "names" : "no";
  const others = [body, objectOf(body).payload].flatMap((part) => {
    const { chat, chat_id, chatId: camel, thread_id } = objectOf(part);
    const chats = (Array.isArray(chat) ? chat : [chat]).map(objectOf);
    const ids = chats.flatMap((each) => [each.id, objectOf(each.thread).id]);
    return [chat, chat_id, camel, thread_id, ...ids];
  });
  return others.some((other) => isIdValue(other) && String(other) === chatId) ? "may" : "no";
}

function isIdValue(value: unknown): value is string | number {
  return typeof value === "string" || typeof value === "number";
}

/** Matches an address in a lower-case text, but not a part of a longer address. */
function wholeAddress(email: string): RegExp {
  const literal = email.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  return new RegExp(`(?<![\\p{L}\\p{N}._+\\-])${literal}(?![\\p{L}\\p{N}\\-]|\\.[\\p{L}\\p{N}])`, "u");
}

/**
 * Every string of a body, including the names of members, with its role. It does not recurse, because a body may be
 * nested deeply.
 */
function* stringsIn(body: unknown): Generator<{ text: string; role: Role }> {
  const open: { value: object; role: Role }[] = [];
  const enter = (value: unknown, role: Role) => {
    if (typeof value === "object" && value !== null) open.push({ value, role });
  };
  if (typeof body === "string") yield { text: body, role: "other" };
  enter(body, "other");
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, role } = next;
    if (Array.isArray(value)) {
      for (const element of value) {
        if (typeof element === "string") yield { text: element, role };
        else enter(element, role === "users" ? roleByType(element) : role);
      }
      continue;
    }
    for (const [name, member] of Object.entries(value)) {
      if (name.includes("@")) yield { text: name, role };
      const inner = roleOf(name, member, role, value);
      if (typeof member === "string") yield { text: member, role: inner };
      else enter(member, inner);
    }
  }
}

function roleOf(name: string, member: unknown, role: Role, holder: object): Role {
  if (role === "agent") return "agent";
  if (SURVEYS.test(name)) return "survey";
  if (role === "survey") return name === "answer" ? "visitor" : "survey";
  if (role === "visitor") {
    if (/^custom_variables$/i.test(name)) return "other";
    return typeof member === "string" && MAIL.test(name) ? "email" : "visitor";
  }
  if (VISITORS.test(name)) return typeof member === "string" ? "email" : "visitor";
  if (AGENTS.test(name)) return "agent";
  if (name === "users") return "users";
  if (name === "author") return roleByType(member);
  // A custom variable is a pair of key and value; a field of a form has a type.
  const { key, type } = holder as { key?: unknown; type?: unknown };
  if (name === "answer" && type === "email") return "email";
  return name === "value" && typeof key === "string" && MAIL_VARIABLE.test(key) ? "visitor" : role;
}

/** The role of an author or a user, by its type. */
function roleByType(user: unknown): Role {
  const { type } = objectOf(user);
  if (typeof type !== "string") return "other";
  if (/^(client|customer|visitor|requester)$/i.test(type)) return "visitor";
  return type === "agent" ? "agent" : "other";
}
