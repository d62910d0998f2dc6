import { randomUUID } from "node:crypto";
import * as v from "valibot";
import { HelpDeskRefusal, readAs } from "./refusal.ts";

/** HelpDesk's words are from other programs' code and types, because only a part of its reference is public. */
const STATUSES = ["open", "pending", "onhold", "solved", "closed"] as const;
const SILOS = ["tickets", "archive", "spam", "trash"] as const;
type Silo = (typeof SILOS)[number];

const email = v.pipe(v.string(), v.includes("@", "must be an email"));
const id = v.object({ ID: v.string() });
const Assignment = v.object({ team: v.optional(id), agent: v.optional(v.nullable(id)) });
const Author = v.object({ type: v.picklist(["client", "agent"]), ID: v.optional(v.string()) });
const Message = v.object({ text: v.pipe(v.string(), v.nonEmpty()) });

const NewHelpDeskTicket = v.strictObject({
  subject: v.optional(v.string(), "(no subject)"),
  status: v.optional(v.picklist(STATUSES), "open"),
  priority: v.optional(v.picklist([-10, 0, 10, 20]), 0),
  requester: v.object({ email, name: v.optional(v.string()) }),
  message: Message,
  author: v.optional(Author, { type: "agent" }),
  teamIDs: v.optional(v.array(v.string())),
  assignment: v.optional(Assignment),
  tagIDs: v.optional(v.array(v.string()), []),
  customFields: v.optional(v.record(v.string(), v.unknown()), {}),
  transactionID: v.optional(v.string()),
});

const HelpDeskChange = v.strictObject({
  subject: v.optional(v.string()),
  status: v.optional(v.picklist(STATUSES)),
  priority: v.optional(v.number()),
  teamIDs: v.optional(v.array(v.string())),
  assignment: v.optional(v.nullable(Assignment)),
  customFields: v.optional(v.record(v.string(), v.unknown())),
  author: v.optional(Author),
  message: v.optional(Message),
  isPrivate: v.optional(v.boolean()),
});

type Named = { ID: string; name: string };
type HelpDeskAgent = Named & { email: string; status: string; roles: string[]; teamIDs: string[] };

export type HelpDeskTicket = {
  ID: string;
  shortID: string;
  licenseID: number;
  createdAt: string;
  createdByType: string;
  updatedAt: string;
  lastMessageAt: string;
  status: string;
  priority: number;
  silo: Silo;
  subject: string;
  requester: { email: string; name?: string };
  cc: unknown[];
  followers: unknown[];
  teamIDs: string[];
  tagIDs: string[];
  assignment: { team?: Named; agent?: Named | null } | null;
  customFields: Record<string, unknown>;
  rating: null;
  detectedLanguage: string;
  source: { type: string; detailedSource: string };
  events: Record<string, unknown>[];
};

/** The account's tickets, agents, teams and tags. Times have milliseconds, and each change of a ticket has its own. */
export class Desk {
  readonly tickets = new Map<string, HelpDeskTicket>();
  readonly teams: Named[] = [
    { ID: randomUUID(), name: "Support" },
    { ID: randomUUID(), name: "Sales" },
  ];
  readonly tags: Named[] = [{ ID: randomUUID(), name: "delivery" }];
  readonly agents: HelpDeskAgent[];
  readonly #now: () => number;
  readonly #announce: (ticket: HelpDeskTicket) => void;

  /** @param announce called with each new ticket */
  constructor(now: () => number, announce: (ticket: HelpDeskTicket) => void) {
    this.#now = now;
    this.#announce = announce;
    const teamIDs = (index: number) => this.teams.slice(index, index + 1).map(({ ID }) => ID);
    this.agents = [
      { ID: randomUUID(), email: "sam@example.com", name: "Sam Support", teamIDs: teamIDs(0) },
      { ID: randomUUID(), email: "sally@example.com", name: "Sally Sales", teamIDs: teamIDs(1) },
    ].map((agent) => ({ ...agent, status: "active", roles: ["normal"] }));
  }

  get(ticketId: string): HelpDeskTicket {
    const ticket = this.tickets.get(ticketId);
    if (!ticket) throw new HelpDeskRefusal(404, "Ticket not found");
    return ticket;
  }

  create(input: unknown, { at = this.#now(), silently = false, source = "email" } = {}): HelpDeskTicket {
    const asked = readAs(NewHelpDeskTicket, input);
    const [first] = this.teams;
    const teamIDs = asked.teamIDs ?? (first ? [first.ID] : []);
    const date = toIso(at);
    const ID = randomUUID();
    const { requester } = asked;
    const ticket: HelpDeskTicket = {
      ID,
      shortID: ID.slice(0, 6).toUpperCase(),
      licenseID: 13381337,
      createdAt: date,
      createdByType: asked.author.type,
      updatedAt: date,
      lastMessageAt: date,
      ...{
        status: asked.status,
        priority: asked.priority,
        silo: "tickets",
        subject: asked.subject,
        requester,
      },
      cc: [],
      followers: [],
      teamIDs,
      tagIDs: asked.tagIDs,
      customFields: asked.customFields,
      assignment: this.#assignment(asked.assignment ?? {}, teamIDs),
      rating: null,
      detectedLanguage: "en",
      source: { type: source, detailedSource: source },
      events: [
        {
          ID: 1,
          type: "message",
          date,
          source: { type: source },
          author: { type: asked.author.type, email: requester.email, name: requester.name },
          message: { isPrivate: false, text: asked.message.text, richTextHtml: null, richTextObj: null },
        },
      ],
    };
    this.tickets.set(ID, ticket);
    if (!silently) this.#announce(ticket);
    return ticket;
  }

  change(ticketId: string, input: unknown, { at = this.#now() } = {}): HelpDeskTicket {
    const ticket = this.get(ticketId);
    const { message, author, isPrivate = false, assignment, ...fields } = readAs(HelpDeskChange, input);
    if (message && author?.type === "client" && isPrivate)
      throw new HelpDeskRefusal(422, "isPrivate is forbidden with author client");
    const date = toIso(Math.max(at, Date.parse(ticket.updatedAt) + 1));
    const event = (type: string, more: object) =>
      ticket.events.push({ ID: ticket.events.length + 1, type, date, ...more });
    const by = author ?? { type: "agent" };
    if (fields.status !== undefined && fields.status !== ticket.status) {
      event("status", { author: by, status: { old: ticket.status, new: fields.status } });
    }
    Object.assign(ticket, defined(fields));
    if (assignment !== undefined) {
      const next = assignment && this.#assignment(assignment, ticket.teamIDs);
      event("assignment", { author: by, assignment: { old: ticket.assignment, new: next } });
      ticket.assignment = next;
    }
    if (message) {
      const { email, name } = ticket.requester;
      event("message", {
        author: by.type === "client" ? { type: "client", email, name } : by,
        message: { isPrivate, text: message.text, richTextHtml: null, richTextObj: null },
        source: { type: "api" },
      });
      ticket.lastMessageAt = date;
    }
    ticket.updatedAt = date;
    return ticket;
  }

  tag(ticketId: string, input: unknown): HelpDeskTicket {
    const { tagIDs } = readAs(v.object({ tagIDs: v.array(v.string()) }), input);
    for (const tag of tagIDs) {
      if (!this.tags.some(({ ID }) => ID === tag)) throw new HelpDeskRefusal(422, `Tag ${tag} not found`);
    }
    const ticket = this.get(ticketId);
    ticket.tagIDs = [...new Set([...ticket.tagIDs, ...tagIDs])];
    return this.change(ticketId, {});
  }

  untag(ticketId: string, tag: string): HelpDeskTicket {
    const ticket = this.get(ticketId);
    ticket.tagIDs = ticket.tagIDs.filter((one) => one !== tag);
    return this.change(ticketId, {});
  }

  createTag(input: unknown): Named {
    const { name } = readAs(v.object({ name: v.pipe(v.string(), v.nonEmpty()) }), input);
    if (this.tags.some((tag) => tag.name === name)) throw new HelpDeskRefusal(409, "Tag already exists");
    const tag = { ID: randomUUID(), name };
    this.tags.push(tag);
    return tag;
  }

  /** Moves a ticket to another silo. Agents can do so in HelpDesk's app; its API has no such call. */
  move(ticketId: string, silo: Silo): HelpDeskTicket {
    const ticket = this.get(ticketId);
    ticket.silo = silo;
    return this.change(ticketId, {});
  }

  remove(ticketId: string): string {
    this.get(ticketId);
    this.tickets.delete(ticketId);
    return ticketId;
  }

  /** Adds `count` tickets without webhooks, `every` milliseconds apart, the last one now. */
  fill(count: number, { every = 60_000 } = {}): HelpDeskTicket[] {
    const from = this.#now() - (count - 1) * every;
    return Array.from({ length: count }, (_, index) => {
      const requester = { email: `visitor${index % 100}@example.com`, name: `Visitor ${index % 100}` };
      const input = {
        requester,
        subject: `Order ${1000 + index}`,
        author: { type: "client" },
        message: { text: `Where is order ${1000 + index}? It was due yesterday.` },
        status: STATUSES[index % STATUSES.length],
        tagIDs: index % 3 === 0 ? this.tags.slice(0, 1).map(({ ID }) => ID) : [],
      };
      return this.create(input, { at: from + index * every, silently: true });
    });
  }

  #assignment({ team, agent }: v.InferOutput<typeof Assignment>, teamIDs: string[]) {
    const teamId = team?.ID ?? teamIDs[0];
    if (teamId !== undefined && !teamIDs.includes(teamId))
      throw new HelpDeskRefusal(422, "assignment.team must be one of teamIDs");
    const found = agent && this.agents.find(({ ID }) => ID === agent.ID);
    if (agent && !found) throw new HelpDeskRefusal(422, "assignment.agent is not known");
    return {
      team: this.teams.find(({ ID }) => ID === teamId),
      agent: found ? { ID: found.ID, name: found.name } : null,
    };
  }
}

const Query = v.object({
  pageSize: v.optional(
    v.pipe(v.string(), v.digits(), v.transform(Number), v.minValue(1), v.maxValue(100)),
    "20",
  ),
  sortBy: v.optional(v.picklist(["createdAt", "updatedAt", "lastMessageAt"]), "createdAt"),
  order: v.optional(v.picklist(["asc", "desc"]), "desc"),
  silo: v.optional(v.picklist(SILOS), "tickets"),
  eventsScope: v.optional(v.picklist(["none", "full"]), "full"),
  status: v.optional(v.picklist(STATUSES)),
  query: v.optional(v.string()),
  createdDateFrom: v.optional(v.pipe(v.string(), v.isoTimestamp())),
  createdDateTo: v.optional(v.pipe(v.string(), v.isoTimestamp())),
  updatedDateFrom: v.optional(v.pipe(v.string(), v.isoTimestamp())),
  updatedDateTo: v.optional(v.pipe(v.string(), v.isoTimestamp())),
  "next.value": v.optional(v.string()),
  "next.ID": v.optional(v.string()),
});

/** A page of the tickets that match a query, and the number of pages. */
export function pageOf(desk: Desk, input: unknown): { rows: unknown[]; pages: number } {
  const query = readAs(Query, input);
  const { sortBy, order } = query;
  const words = query.query?.toLowerCase();
  const sign = order === "asc" ? 1 : -1;
  const compare = (a: { value: string; ID: string }, b: { value: string; ID: string }) =>
    sign * (a.value === b.value ? (a.ID < b.ID ? -1 : a.ID > b.ID ? 1 : 0) : a.value < b.value ? -1 : 1);
  const placeOf = (ticket: HelpDeskTicket) => ({ value: ticket[sortBy], ID: ticket.ID });
  const found = [...desk.tickets.values()]
    .filter(({ silo }) => silo === query.silo)
    .filter(({ status }) => query.status === undefined || status === query.status)
    .filter(
      ({ createdAt }) =>
        createdAt >= (query.createdDateFrom ?? "") && createdAt < (query.createdDateTo ?? "~"),
    )
    .filter(
      ({ updatedAt }) =>
        updatedAt >= (query.updatedDateFrom ?? "") && updatedAt < (query.updatedDateTo ?? "~"),
    )
    .filter((ticket) => words === undefined || JSON.stringify(ticket).toLowerCase().includes(words))
    .sort((a, b) => compare(placeOf(a), placeOf(b)));
  const { "next.value": value, "next.ID": ID } = query;
  const rest =
    value === undefined || ID === undefined
      ? found
      : found.filter((ticket) => compare(placeOf(ticket), { value, ID }) > 0);
  const rows = rest.slice(0, query.pageSize).map((ticket) => {
    const { events, ...bare } = ticket;
    return structuredClone(query.eventsScope === "full" ? { ...bare, events } : bare);
  });
  return { rows, pages: Math.ceil(found.length / query.pageSize) };
}

function defined<Value extends object>(value: Value): Partial<Value> {
  return Object.fromEntries(
    Object.entries(value).filter(([, member]) => member !== undefined),
  ) as Partial<Value>;
}

function toIso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
