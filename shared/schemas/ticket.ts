import * as v from "valibot";
import { groupTitled } from "./agent.ts";
import { examples } from "./examples.ts";
import {
  advanced,
  described,
  email,
  exact,
  filled,
  flag,
  identifier,
  integer,
  listOf,
  maybe,
  named,
  notEmpty,
  oneOf,
  published,
  shape,
  TIME_FORMAT,
  text,
  time,
  wholeNumber,
} from "./vocabulary.ts";

const TICKET_STATUSES = ["open", "pending", "solved", "spam"] as const;
/** The sources that a ticket may have when the API creates it. */
const NEW_TICKET_SOURCES = ["chat-window", "mail", "lc2"] as const;
/** All sources of tickets, for the filter of the list. */
const TICKET_SOURCES = ["lc2", "mail", "facebook", "agent-app-manual", "chat-window"] as const;

const person = v.looseObject({
  id: described(maybe(text), "Unique id of the user."),
  name: described(maybe(text), "Name of the author."),
  type: described(maybe(text), "Agent or client."),
});

const eventSource = v.looseObject({
  type: described(maybe(text), "Chat-window, mail or lc2."),
  url: described(maybe(text), "Url of the website that the ticket was sent from."),
});

const historyEvent = v.looseObject({
  author: described(maybe(person), "Who caused the event."),
  date: named(maybe(time), "Event Date-Time", TIME_FORMAT),
  is_private: described(maybe(flag), "True if event is private."),
  message: described(maybe(text), "Description of the event."),
  source: described(maybe(eventSource), "Where the event came from."),
  type: named(maybe(text), "Event Type", "Type of event that generated the ticket."),
});

const ticketRequester = v.looseObject({
  ip: described(maybe(text), "IP address of the requester."),
  mail: named(maybe(text), "Email", "Email address of the requester."),
  name: described(maybe(text), "Name of the requester."),
});

const sourceDetails = v.looseObject({
  id: described(maybe(text), "Unique id of the source."),
  type: described(maybe(text), "Lc2, mail, facebook, agent-app-manual or chat-window."),
  url: described(maybe(text), "Url of the website where ticket was created."),
});

const ticketAssignee = v.looseObject({
  id: described(maybe(text), "Unique identifier of the user."),
  name: described(maybe(text), "Name of the assignee."),
});

const currentGroup = v.looseObject({
  id: described(maybe(integer), "Unique id of the group."),
  name: described(maybe(text), "Name of the group."),
});

const openPeriod = v.looseObject({
  from: described(maybe(time), "When it was opened."),
  to: described(maybe(time), "When it was closed."),
});

const firstResponse = v.looseObject({
  date: named(maybe(time), "Date-Time", "Time of the first answer."),
});

/** The fields of a ticket in all of LiveChat's answers. Only the id is always present. */
const ticketFields = {
  id: named(identifier, "Ticket Id", "Unique id of the ticket."),
  subject: described(maybe(text), "Short description of the ticket."),
  status: described(maybe(text), "Open, pending, solved or spam."),
  date: named(maybe(time), "Created Date-Time", TIME_FORMAT),
  modified: named(maybe(time), "Modified Date-Time", TIME_FORMAT),
  requester: described(maybe(ticketRequester), "The person who sent the ticket."),
  assignee: described(maybe(ticketAssignee), "The agent who handles the ticket."),
  source: described(maybe(sourceDetails), "Where the ticket came from."),
  groups: named(listOf(groupTitled("Id", "Name")), "Group", "Details of the associated group."),
  currentGroup: described(maybe(currentGroup), "The ticket's current group."),
  events: named(listOf(historyEvent), "events", "The history of the ticket."),
  tags: named(listOf(text), "tags", "Tags of the ticket."),
  opened: described(listOf(openPeriod), "The periods in which the ticket was open."),
  firstResponse: described(maybe(firstResponse), "The first answer of an agent."),
};

/** A ticket. Unknown fields pass through. */
export const Ticket = shape("TicketResponse", v.looseObject(ticketFields), examples.ticket);
export type Ticket = v.InferOutput<typeof Ticket>;

const listedRequester = v.looseObject({
  ...ticketRequester.entries,
  name: described(maybe(text), "Full name of the requester."),
});

const listedSource = v.looseObject({
  id: described(maybe(text), "Unique identifier of the source."),
  type: described(maybe(text), "From chat, mail or lc2."),
  url: described(maybe(text), "Webpage where the ticket was created."),
});

/** A ticket in a list. Microsoft's connector describes some of its fields with other words. */
export const ListedTicket = shape(
  "ListTicketsResponse",
  v.looseObject({
    ...ticketFields,
    id: named(identifier, "Ticket Id", "Unique identifier of the ticket."),
    subject: described(maybe(text), "Description of the ticket source."),
    requester: described(maybe(listedRequester), "The person who sent the ticket."),
    source: described(maybe(listedSource), "Where the ticket came from."),
  }),
  examples.listedTicket,
);

/** A ticket after an update, with the requested fields that LiveChat did not change. */
export const UpdatedTicket = shape(
  "UpdatedTicketResponse",
  v.looseObject({
    ...ticketFields,
    ignored_fields: described(v.array(v.string()), "Requested fields that LiveChat's answer does not show."),
  }),
  { ...examples.ticket, tags: [...examples.ticketChanges.tag], ignored_fields: [] },
);

/**
 * A ticket that does not fit {@link Ticket}. Fields that fit are read; all others keep the value that LiveChat sent. So
 * a field may have another type than {@link Ticket} declares: code that reads a ticket of LiveChat's must tolerate any
 * value.
 */
const OddTicket = v.pipe(
  v.looseObject({ id: v.pipe(ticketFields.id, v.nonEmpty("must not be empty")) }),
  v.transform((ticket): Ticket => {
    const read: Record<string, unknown> = { ...ticket };
    for (const [name, schema] of Object.entries(ticketFields)) {
      const field = v.safeParse(schema, ticket[name]);
      if (field.success && name in ticket) read[name] = field.output;
    }
    return read as Ticket;
  }),
);

/** A page of LiveChat's list. `total` and `pages` count all tickets that match the filters. */
export type TicketPage = {
  pages: number;
  total: number;
  tickets: Ticket[];
  /** Ids of the tickets that do not fit {@link Ticket}. */
  odd?: string[];
  /** The number of items without an id, which `tickets` leaves out. */
  withoutId?: number;
};

/** Reads each item of a page by itself, so an odd item does not make the others unreadable. */
export const TicketPage = v.pipe(
  v.object({ pages: integer, total: integer, tickets: v.array(v.unknown()) }),
  v.transform(({ tickets: items, ...totals }): TicketPage => {
    const tickets: Ticket[] = [];
    const odd: string[] = [];
    for (const item of items) {
      const fitting = v.safeParse(Ticket, item, { abortEarly: true });
      const read = fitting.success && fitting.output.id !== "" ? fitting : v.safeParse(OddTicket, item);
      if (!read.success) continue;
      tickets.push(read.output);
      if (!fitting.success) odd.push(read.output.id);
    }
    return { ...totals, tickets, odd, withoutId: items.length - tickets.length };
  }),
);

/**
 * LiveChat's answer with one ticket: `{ tickets: [...] }` in the current reference, the bare ticket in the older one. A
 * ticket that does not fit {@link Ticket} but has an id is read as an {@link OddTicket}.
 */
export const OneTicket = v.pipe(
  v.unknown(),
  v.transform(unwrap),
  v.lazy((ticket) => (v.is(Ticket, ticket) ? Ticket : OddTicket)),
);

function unwrap(answer: unknown): unknown {
  const { tickets, ticket } = (answer ?? {}) as { tickets?: unknown; ticket?: unknown };
  return Array.isArray(tickets) ? tickets[0] : (ticket ?? answer);
}

/** A day, as LiveChat's filters read it. */
const day = v.pipe(v.string(), v.isoDate("must be a day, such as 2026-01-31"));
const zeroOrOne = v.picklist(["0", "1"], "must be 0 or 1");

/** The filters and the order of the list of tickets, with LiveChat's own names. */
export const ticketFilters = {
  date_from: named(
    v.optional(day),
    "From Date",
    "Only tickets with any activity on this day or later.",
    "2026-01-01",
  ),
  date_to: named(
    v.optional(day),
    "To Date",
    "Only tickets with any activity on this day or earlier.",
    "2026-01-31",
  ),
  order: described(
    v.optional(oneOf(["desc", "asc"])),
    "Order by modification time: desc (the default) starts with the latest.",
  ),
  status: described(v.optional(oneOf(TICKET_STATUSES)), "Only tickets with this status."),
  assigned: described(v.optional(zeroOrOne), "Only tickets with an assignee (1) or without (0)."),
  assignee: described(v.optional(filled), "Only tickets of the agent with this login.", "sam@example.com"),
  query: described(v.optional(filled), "Only tickets that contain this text.", "lamp"),
  "requester[mail]": named(
    v.optional(filled),
    "Requester Email",
    "Only tickets of the requester with this email.",
    "vera@example.com",
  ),
  group: described(v.optional(wholeNumber(0, 999_999_999)), "Only tickets of the group with this id.", 3),
  source: described(v.optional(oneOf(TICKET_SOURCES)), "Only tickets from this source."),
  tag: described(v.optional(filled), "Only tickets with this tag.", "lamp"),
  tagged: described(v.optional(zeroOrOne), "Only tickets with a tag (1) or without (0)."),
};
export type TicketFilters = v.InferOutput<v.ObjectSchema<typeof ticketFilters, undefined>>;

const optionalText = v.optional(v.string("must be text"));
const requester = exact({
  mail: named(email, "Requester's Email", "Email address of the requester."),
  name: named(optionalText, "Requester's Name", "Name of the requester."),
});
const subject = described(optionalText, "Short description of the ticket.");
const fromListAgents = published<string>({
  designer: { pickFrom: { operation: "ListAgents", value: "login", title: "name" } },
});
const assignee = described(
  v.optional(exact({ id: named(v.pipe(filled, fromListAgents), "Assignee Id", "Pick an assignee.") })),
  "The agent to assign the ticket to.",
);
const pageUrl = v.pipe(v.string("must be text"), v.url("must be a URL, such as https://example.com/help"));
const newSource = v.pipe(
  exact({
    type: named(
      v.picklist(NEW_TICKET_SOURCES, 'must be "chat-window", "mail" or "lc2"'),
      "Source Type",
      "Pick a source.",
    ),
    url: named(v.optional(pageUrl), "Source URL", "If source type is chat-window."),
  }),
  v.forward(
    v.check(
      ({ type, url }) => url === undefined || type === "chat-window",
      'only goes with the source type "chat-window"',
    ),
    ["url"],
  ),
);
const source = described(v.optional(newSource), "Where the ticket comes from.");

/** The request to create a ticket. */
export const NewTicket = shape(
  "NewTicket",
  exact({
    message: described(filled, "The text of the ticket."),
    requester: described(requester, "The person who sends the ticket."),
    subject,
    assignee,
    source,
  }),
  examples.newTicket,
);
export type NewTicket = v.InferOutput<typeof NewTicket>;

const changes = exact({
  message: described(v.optional(filled), "The message to add to the ticket."),
  requester: described(
    v.pipe(v.optional(requester), published({ designer: { required: true } })),
    "The person who sends the ticket.",
  ),
  subject,
  assignee,
  source,
  tag: named(
    advanced(v.optional(v.array(filled, "must be a list of tags"))),
    "Tags",
    "The new tags of the ticket; they replace its former tags.",
  ),
});

/** The request to change a ticket: at least one field. */
export const TicketChanges = shape("TicketChanges", notEmpty(changes), examples.ticketChanges);
export type TicketChanges = v.InferOutput<typeof TicketChanges>;
