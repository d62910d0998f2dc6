import * as v from "valibot";

export const STATUSES = ["open", "pending", "solved", "spam"] as const;
export const SOURCES = ["lc2", "mail", "facebook", "agent-app-manual", "chat-window"] as const;

/** A ticket. Its times are in epoch milliseconds; `shapes.ts` converts them for answers. */
export type Ticket = {
  id: string;
  subject: string;
  status: (typeof STATUSES)[number];
  requester: { mail: string; name?: string; ip?: string };
  assignee?: { id: string; name: string };
  source: { type: (typeof SOURCES)[number]; url?: string; id?: string };
  tags: string[];
  groups: number[];
  events: TicketEvent[];
  date: number;
  modified: number;
  opened: { from: number; to?: number }[];
  firstResponse?: { date: number; agent: { id: string; name: string } };
};

/** An event in the history of a ticket. Each type has its own fields. */
type TicketEvent = { type: string; date: number; author: Author; [field: string]: unknown };
export type Author = { id: string; name?: string; type: "agent" | "client" };

const text = v.pipe(v.string(), v.trim(), v.nonEmpty("must not be empty"));
const mail = v.pipe(v.string(), v.regex(/^[^\s@]+@[^\s@]+$/, "must be an e-mail address"));
const groupId = v.pipe(
  v.union([v.number(), v.pipe(v.string(), v.digits(), v.transform(Number))]),
  v.integer(),
);
const groupIds = v.union([
  v.array(groupId),
  v.pipe(
    groupId,
    v.transform((id) => [id]),
  ),
]);
const tagList = v.union([
  v.array(v.string()),
  v.pipe(
    v.string(),
    v.transform((tag) => [tag]),
  ),
]);

const source = v.pipe(
  v.object({
    type: v.optional(v.picklist(["chat-window", "mail", "lc2"]), "lc2"),
    url: v.optional(v.string()),
  }),
  v.check(
    ({ type, url }) => url === undefined || type === "chat-window",
    "url is for the type chat-window only",
  ),
);

/** The body of `POST /tickets`. */
export const NewTicket = v.object({
  message: text,
  requester: v.object({ mail, name: v.optional(v.string()), ip: v.optional(v.string()) }),
  assignee: v.optional(v.object({ id: mail })),
  source: v.optional(source, { type: "lc2" }),
  subject: v.optional(text, "(no subject)"),
  group: v.optional(groupIds, [0]),
});

/** The changes of a ticket: by `PUT /tickets/<id>/tags`, or by agents in LiveChat's own app. */
export const TicketChange = v.object({
  tag: v.optional(tagList),
  message: v.optional(text),
  /** The author of the message. */
  by: v.optional(v.picklist(["client", "agent"]), "agent"),
  requester: v.optional(
    v.object({ mail: v.optional(mail), name: v.optional(v.string()), ip: v.optional(v.string()) }),
  ),
  assignee: v.optional(v.object({ id: mail })),
  source: v.optional(source),
  subject: v.optional(text),
  status: v.optional(v.picklist(STATUSES)),
  group: v.optional(groupIds),
});

export type NewTicket = v.InferInput<typeof NewTicket>;
export type TicketChange = v.InferInput<typeof TicketChange>;
