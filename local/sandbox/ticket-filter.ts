import * as v from "valibot";
import type { Fields } from "./form.ts";
import { read } from "./refusal.ts";
import { SOURCES, STATUSES, type Ticket } from "./ticket.ts";

const DAY = 24 * 60 * 60 * 1000;

const day = v.pipe(
  v.string(),
  v.isoDate("must be YYYY-MM-DD"),
  v.transform((date) => Date.parse(date)),
);
const flag = v.pipe(
  v.picklist(["0", "1"]),
  v.transform((value) => value === "1"),
);
const number = v.pipe(v.string(), v.digits("must be a whole number"), v.transform(Number));

const Query = v.object({
  page: v.optional(v.pipe(number, v.minValue(1, "starts at 1")), "1"),
  order: v.optional(v.picklist(["desc", "asc"]), "desc"),
  date_from: v.optional(day),
  date_to: v.optional(day),
  status: v.optional(v.picklist(STATUSES)),
  assigned: v.optional(flag),
  assignee: v.optional(v.string()),
  query: v.optional(v.string()),
  requester: v.optional(v.object({ mail: v.optional(v.string()) })),
  group: v.optional(number),
  source: v.optional(v.picklist(SOURCES)),
  tag: v.optional(v.string()),
  tagged: v.optional(flag),
});

export type TicketFilter = {
  order: "asc" | "desc";
  /** In epoch milliseconds: the ticket has an activity at this time or later. */
  from?: number;
  /** In epoch milliseconds: the same activity is before this time. */
  to?: number;
  requester?: string;
} & Partial<
  Pick<
    v.InferOutput<typeof Query>,
    "status" | "assigned" | "assignee" | "query" | "group" | "source" | "tag" | "tagged"
  >
>;

/** Reads the parameters of `GET /tickets`. Days are UTC days, and `date_to` is included. */
export function readTicketFilter(query: Fields): { filter: TicketFilter; page: number } {
  const { page, date_from, date_to, requester, ...filter } = read(Query, query);
  const to = date_to === undefined ? undefined : date_to + DAY;
  return { page, filter: { ...filter, from: date_from, to, requester: requester?.mail } };
}

export function matches(ticket: Ticket, filter: TicketFilter): boolean {
  const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY, query } = filter;
  const within = (time: number) => time >= from && time < to;
  return (
    is(filter.status, ticket.status) &&
    is(filter.assigned, ticket.assignee !== undefined) &&
    is(filter.assignee, ticket.assignee?.id) &&
    is(filter.requester, ticket.requester.mail) &&
    is(filter.source, ticket.source.type) &&
    is(filter.tagged, ticket.tags.length > 0) &&
    (filter.tag === undefined || ticket.tags.includes(filter.tag)) &&
    (filter.group === undefined || ticket.groups.includes(filter.group)) &&
    (within(ticket.modified) || within(ticket.date) || ticket.events.some(({ date }) => within(date))) &&
    (query === undefined || words(ticket).includes(query.toLowerCase()))
  );
}

function is<T>(wanted: T | undefined, actual: T | undefined): boolean {
  return wanted === undefined || wanted === actual;
}

function words({ id, subject, requester, events }: Ticket): string {
  const messages = events.map(({ message }) => message ?? "");
  return [id, subject, requester.mail, requester.name ?? "", ...messages].join("\n").toLowerCase();
}
