import { InvalidInput } from "../../core/errors.ts";
import { isSameText } from "../../core/text.ts";
import { DAY, toIso } from "../../core/time.ts";
import type { Ticket, TicketFilters } from "../../schemas/ticket.ts";

/**
 * Splits filters into two parts. `query` has parameters of HelpDesk's list, which narrow it as far as HelpDesk can.
 * `chooses` tests each converted ticket exactly.
 *
 * @throws {InvalidInput} for a filter by group
 */
export function splitFilters({ order: _, ...filters }: TicketFilters): {
  query: Record<string, string>;
  /** Absent when the parameters are exact. */
  chooses?: (ticket: Ticket) => boolean;
} {
  if (filters.group !== undefined) {
    throw InvalidInput.at(
      "group",
      "group is not available with HelpDesk, which has teams instead of groups.",
    );
  }
  const { date_from, date_to, status, assigned, assignee, query, source, tag, tagged } = filters;
  const from = date_from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(date_from);
  const before = date_to === undefined ? Number.POSITIVE_INFINITY : Date.parse(date_to) + DAY;
  const mail = filters["requester[mail]"];
  const search = query ?? mail;
  const tests: ((ticket: Ticket) => boolean)[] = [];
  if (date_from !== undefined || date_to !== undefined) {
    tests.push((ticket) => activitiesOf(ticket).some((time) => time >= from && time < before));
  }
  if (status !== undefined) tests.push((ticket) => ticket.status === status);
  if (assigned !== undefined) tests.push(({ assignee }) => (assignee !== undefined) === (assigned === "1"));
  if (assignee !== undefined) tests.push((ticket) => isSameText(ticket.assignee?.id, assignee));
  if (mail !== undefined) tests.push(({ requester }) => isSameText(requester?.mail, mail));
  if (source !== undefined) tests.push((ticket) => ticket.source?.type === source);
  if (tag !== undefined) tests.push(({ tags = [] }) => tags.includes(tag));
  if (tagged !== undefined) tests.push(({ tags = [] }) => tags.length > 0 === (tagged === "1"));
  return {
    query: {
      // A ticket has no activity after its last modification or before its creation.
      ...(date_from !== undefined && { updatedDateFrom: toIso(from) }),
      ...(date_to !== undefined && { createdDateTo: toIso(before) }),
      ...(status === "open" && { status }),
      ...(status === "spam" && { silo: "spam" }),
      ...(search !== undefined && { query: search }),
    },
    ...(tests.length > 0 && { chooses: (ticket: Ticket) => tests.every((test) => test(ticket)) }),
  };
}

function activitiesOf({ date, modified, events }: Ticket): number[] {
  const times = [date, modified, ...(Array.isArray(events) ? events.map((event) => event?.date) : [])];
  return times.map((time) => Date.parse(String(time)));
}
