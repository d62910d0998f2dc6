import type { Agent, Agents } from "./agents.ts";
import type { Chat } from "./chats.ts";
import type { Ticket } from "./ticket.ts";
import type { TicketPage } from "./tickets.ts";
import type { Variants } from "./variants.ts";

type Spelling = { times: "epoch" | "iso"; groups: "ids" | "objects" };

/** The answer with one ticket, of `GET`, `POST` and `PUT`. */
export function ticketAnswer(ticket: Ticket, agents: Agents, variants: Variants): unknown {
  const spelled = spellTicket(ticket, agents, variants, { times: variants.times, groups: "objects" });
  return variants.ticket === "wrapped" ? { tickets: [spelled] } : spelled;
}

/** The answer of `GET /tickets`. */
export function pageAnswer({ tickets, ...totals }: TicketPage, agents: Agents, variants: Variants): unknown {
  const spelling: Spelling = { times: variants.times, groups: variants.listGroups };
  return { ...totals, tickets: tickets.map((ticket) => spellTicket(ticket, agents, variants, spelling)) };
}

/** The data type `ticket` of a webhook. */
export function ticketPayload(ticket: Ticket, agents: Agents, variants: Variants): unknown {
  return spellTicket(ticket, agents, variants, { times: variants.webhookTimes, groups: "objects" });
}

/** The data types `chat`, `visitor` and `pre_chat_survey` of a webhook. */
export function chatPayload(chat: Chat, variants: Variants): Record<string, unknown> {
  const time = (at: number) => spellTime(at, variants.webhookTimes);
  const { visitor, survey, startedAt, endedAt, messages, events, ...rest } = chat;
  return {
    chat: {
      ...rest,
      started_timestamp: time(startedAt),
      // An active chat has no end.
      ...(endedAt === undefined ? {} : { ended_timestamp: time(endedAt) }),
      messages: messages.map(({ at, ...message }) => ({ ...message, timestamp: time(at) })),
      events: events.map(({ at, ...event }) => ({ ...event, timestamp: time(at) })),
    },
    visitor: { ...visitor, ...(variants.extras ? { region: "Noord-Holland" } : {}) },
    pre_chat_survey: survey,
  };
}

/** An agent in the list, with the list's five fields. */
export function agentItem({ name, permission, avatar, login, status }: Agent): unknown {
  return { name, permission, avatar, login, status };
}

/** The answer of `POST /agents`, with all fields of the agent. */
export function agentAnswer(agent: Agent, agents: Agents): unknown {
  return { ...agent, groups: agent.groups.map((id) => agents.group(id)) };
}

function spellTicket(
  ticket: Ticket,
  agents: Agents,
  variants: Variants,
  { times, groups }: Spelling,
): unknown {
  const time = (at: number) => spellTime(at, times);
  const gap = variants.absent === "null" ? null : undefined;
  const { requester, source, firstResponse } = ticket;
  const [current] = ticket.groups;
  return {
    id: ticket.id,
    subject: ticket.subject,
    status: ticket.status,
    requester: { mail: requester.mail, name: requester.name ?? gap, ip: requester.ip ?? gap },
    assignee: ticket.assignee ?? gap,
    source: { type: source.type, url: source.url ?? gap, id: source.id ?? gap },
    tags: ticket.tags,
    groups: groups === "ids" ? ticket.groups : ticket.groups.map((id) => agents.group(id)),
    currentGroup: current === undefined ? gap : agents.group(current),
    events: ticket.events.map((event) => ({ ...event, date: time(event.date) })),
    date: time(ticket.date),
    modified: time(ticket.modified),
    opened: ticket.opened.map(({ from, to }) => ({
      from: time(from),
      to: to === undefined ? gap : time(to),
    })),
    firstResponse: firstResponse ? { ...firstResponse, date: time(firstResponse.date) } : {},
    ...(variants.extras ? { rate: "not_rated", ccs: [] } : {}),
  };
}

function spellTime(at: number, spelling: "epoch" | "iso"): number | string {
  return spelling === "epoch" ? Math.floor(at / 1000) : new Date(at).toISOString();
}
