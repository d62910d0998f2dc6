import * as v from "valibot";
import { examples } from "./examples.ts";
import {
  advanced,
  described,
  email,
  exact,
  filled,
  integer,
  listOf,
  maybe,
  named,
  published,
  shape,
  text,
} from "./vocabulary.ts";

/** The permissions that an account can give; LiveChat also has `owner`. */
const PERMISSIONS = ["administrator", "normal"] as const;
const LOGIN_STATUSES = ["accepting chats", "not accepting chats"] as const;
export const AGENT_STATUSES = [...LOGIN_STATUSES, "offline"] as const;

const login = named(text, "Login Email", "The agent's email address.");
const name = described(maybe(text), "Agent's name.");
const permission = described(maybe(text), "Owner, administrator or normal.");
const avatar = described(maybe(text), "Path to the image on Amazon s3.");
const status = described(maybe(text), "Accepting chats, not accepting chats or offline.");

/**
 * A group as `{ id, name? }`. LiveChat sends `3` in some answers and `{ id: 3, name: "Sales" }` in others. Microsoft's
 * connector has other titles for an agent's groups than for a ticket's.
 */
export function groupTitled(idTitle: string, nameTitle: string) {
  const group = v.looseObject({
    id: named(integer, idTitle, "Unique id of the group."),
    name: named(maybe(text), nameTitle, "Name of the group."),
  });
  return v.pipe(
    v.union([integer, group], "must be a group's id, or a group with an id"),
    v.transform((given): v.InferInput<typeof group> => (typeof given === "number" ? { id: given } : given)),
    group,
  );
}

/** An agent without its credentials: LiveChat's older answers contain them. */
function agentWith<const Entries extends v.ObjectEntries>(entries: Entries) {
  const agent = v.looseObject(entries);
  return v.pipe(
    agent,
    v.transform((sent): v.InferInput<typeof agent> => {
      const { api_key: _, password: __, ...shown } = sent as Record<string, unknown>;
      return shown as v.InferInput<typeof agent>;
    }),
    agent,
  );
}

/** An agent as `GET /agents` lists it. */
export const AgentSummary = shape(
  "ListAgents_Response",
  agentWith({ avatar, login, name, permission, status }),
  examples.agentSummary,
);
export type AgentSummary = v.InferOutput<typeof AgentSummary>;

/** All fields of an agent: LiveChat's answer to its creation. */
export const Agent = shape(
  "CreateAgent_Response",
  agentWith({
    avatar,
    groups: named(
      listOf(groupTitled("Group Id", "Group Name")),
      "Groups Array",
      "List of all groups the agent is a part of.",
    ),
    job_title: described(maybe(text), "Support agent by default."),
    login: named(text, "Email", "The agent's email address."),
    login_status: described(maybe(text), "Accepting chats or not accepting chats."),
    max_chats_count: named(maybe(integer), "Max Chat Counts", "Limit of the concurrent chats."),
    name,
    permission,
    status,
    ignored_fields: described(
      v.optional(v.array(v.string())),
      "Requested fields that LiveChat's API does not accept, such as password on the Text platform.",
    ),
  }),
  examples.agent,
);
export type Agent = v.InferOutput<typeof Agent>;

/** LiveChat's answer to a removal. */
export const Removal = shape(
  "DeleteAgent_Response",
  v.looseObject({ result: described(text, "LiveChat's confirmation.") }),
  { result: `${examples.agentLogin} removed successfully` },
);
export type Removal = v.InferOutput<typeof Removal>;

const CHAT_LIMIT_DIGITS = /^\d{1,9}$/;
const NO_CHAT_LIMIT = 'must be a whole number, such as 6 or "6"';
/** The connector's type is text; a number is accepted too. */
const chatLimit = v.pipe(
  v.union(
    [
      v.pipe(v.number(), v.safeInteger(NO_CHAT_LIMIT), v.minValue(0, NO_CHAT_LIMIT)),
      v.pipe(v.string(), v.regex(CHAT_LIMIT_DIGITS, NO_CHAT_LIMIT), v.transform(Number)),
    ],
    NO_CHAT_LIMIT,
  ),
  v.number(),
  published({ type: "string", pattern: CHAT_LIMIT_DIGITS.source }),
);
const groupToJoin = v.pipe(
  v.number("must be a group's id, a whole number"),
  v.integer("must be a group's id, a whole number"),
);

/** The request to create an agent. The descriptions have LiveChat's defaults. */
export const NewAgent = shape(
  "NewAgent",
  exact({
    login: named(email, "Email", "Email address for the agent's login."),
    name: described(filled, "Name of the agent."),
    login_status: described(
      v.optional(v.picklist(LOGIN_STATUSES, 'must be "accepting chats" or "not accepting chats"')),
      "Whether the agent accepts chats after logging in.",
    ),
    job_title: named(v.optional(v.string("must be text")), "Title", "Defaults to: Support Agent."),
    permission: described(
      v.optional(v.picklist(PERMISSIONS, 'must be "administrator" or "normal"')),
      "The agent's role; normal by default.",
    ),
    password: described(
      v.optional(v.pipe(v.string("must be text"), v.minLength(5, "must be at least 5 characters long"))),
      "Minimum length 5.",
    ),
    max_chats_count: named(v.optional(chatLimit), "Max Chat Counts", "Limit of the concurrent chats."),
    groups: described(
      advanced(v.optional(v.array(groupToJoin, "must be a list of group ids"))),
      "Ids of the groups that the agent joins.",
    ),
  }),
  examples.newAgent,
);
export type NewAgent = v.InferOutput<typeof NewAgent>;
