import * as v from "valibot";
import { type AppError, Conflict, InvalidInput, NoHelpDesk } from "../../core/errors.ts";
import { MINUTE } from "../../core/time.ts";
import { itemsOf } from "../../core/values.ts";
import { readable } from "../../schemas/readable.ts";
import { type NewTicket, OneTicket, type Ticket, type TicketChanges } from "../../schemas/ticket.ts";
import { text } from "../../schemas/vocabulary.ts";
import { path } from "../call.ts";
import type { ConnectionOptions, HelpDesk, TicketsState, Webhook } from "../live-chat.ts";
import { type Refusal, refusalByStatus } from "../refusal.ts";
import { type CallOptions, connect } from "../send.ts";
import { shareLoad } from "../shared-load.ts";
import { findTickets } from "./find-tickets.ts";
import { fromHelpDesk } from "./from-helpdesk.ts";
import { createLookups } from "./lookups.ts";
import { noHelpDesk } from "./no-helpdesk.ts";
import { pageReader } from "./read-page.ts";
import { ticketSource } from "./ticket-source.ts";

export type HelpDeskOptions = ConnectionOptions & {
  /** The account of the token: a UUID. */
  accountId: string;
  /** The personal access token, such as `dal:…`. */
  apiKey: string;
};

/** A ticket or tag of HelpDesk. Only its id is certain. */
const WithId = v.looseObject({ ID: text });
/** The schema of an answer that is not used. */
const unread = v.unknown();
const HelpDeskWebhook = v.looseObject({ ID: text, eventType: text, url: text });
/** HelpDesk's name for `ticket_created`. A webhook of HelpDesk has one event type. */
const TICKET_CREATED = "tickets.create";
/** The prefix of the ids of HelpDesk's webhooks. It distinguishes them from LiveChat's. */
const WEBHOOK_PREFIX = "helpdesk:";
/** The result of `ticketsState` is kept for this time, in milliseconds. */
const STATE_FRESH_FOR = 10 * MINUTE;
/** The possible statuses of answers to an account without a licence. HelpDesk does not document the true one. */
const WITHOUT_LICENCE = [401, 402, 403];

/**
 * Opens a connection to HelpDesk, where the Text platform keeps tickets. HelpDesk has a rate limit of its own. It sometimes
 * refuses calls without `User-Agent`.
 */
export function createHelpDesk({ accountId, apiKey, observe, ...options }: HelpDeskOptions): HelpDesk {
  const { send } = connect({
    ...options,
    name: "HelpDesk",
    username: accountId,
    password: apiKey,
    headers: () => ({ "user-agent": "LiveChat-Functions" }),
    readRefusal: refusalOfHelpDesk,
    observe: (attempt, error) => observe?.({ ...attempt, service: "helpdesk" }, error),
  });
  const lookups = createLookups(send);
  const readPage = pageReader(send, lookups);

  async function toTicket(raw: unknown, call?: CallOptions): Promise<Ticket> {
    return v.parse(OneTicket, fromHelpDesk(raw, await lookups.namesFor([raw], call)));
  }

  const readRaw = (id: string, call?: CallOptions) =>
    send({ method: "GET", to: path`tickets/${id}`, answer: WithId }, call);

  /** HelpDesk assigns a ticket to a team and to an agent in it. The team is the agent's first one. */
  async function assignmentTo(login: string, call?: CallOptions) {
    const agent = await lookups.agent(login, call);
    if (!agent) throw InvalidInput.at("assignee.id", `HelpDesk has no agent ${login}.`);
    const [team] = agent.teamIDs ?? [];
    return {
      assignment: { ...(team !== undefined && { team: { ID: team } }), agent: { ID: agent.ID } },
      teamIDs: team === undefined ? undefined : [team],
    };
  }

  async function idOfTag(name: string, call?: CallOptions): Promise<string> {
    const tag = await lookups.tag(name, call);
    if (tag) return tag.ID;
    try {
      return (await send({ method: "POST", to: path`tags`, json: { name }, answer: WithId }, call)).ID;
    } catch (error) {
      // Another program may have created the tag since.
      lookups.forgetTags();
      const made = error instanceof Conflict ? await lookups.tag(name, call) : undefined;
      if (!made) throw error;
      return made.ID;
    } finally {
      lookups.forgetTags();
    }
  }

  async function setTags(
    id: string,
    names: readonly string[],
    before: readonly string[],
    call?: CallOptions,
  ) {
    const ids: string[] = [];
    for (const name of names) ids.push(await idOfTag(name, call));
    const json = { tagIDs: ids.filter((tag) => !before.includes(tag)) };
    if (json.tagIDs.length > 0) {
      await send(
        { method: "POST", effect: "replace", to: path`tickets/${id}/tags`, json, answer: unread },
        call,
      );
    }
    for (const tag of before.filter((tag) => !ids.includes(tag))) {
      await send({ method: "DELETE", to: path`tickets/${id}/tags/${tag}`, answer: unread }, call);
    }
  }

  async function createTicket(asked: NewTicket, call?: CallOptions): Promise<Ticket> {
    const { message, requester, subject, assignee, source } = asked;
    const json = {
      subject,
      requester: { email: requester.mail, name: requester.name },
      message: { text: message },
      author: { type: "client" },
      ...(assignee && (await assignmentTo(assignee.id, call))),
    };
    const raw = await send({ method: "POST", to: path`tickets`, json, answer: WithId }, call);
    const ticket = await toTicket(raw, call);
    // HelpDesk sets the source itself.
    return source === undefined ? ticket : { ...ticket, ignored_fields: ["source"] };
  }

  /**
   * Updates a ticket by several calls, because HelpDesk has no call for all fields. The message comes last, because only
   * this call must not be repeated.
   */
  async function updateTicket(id: string, asked: TicketChanges, call?: CallOptions): Promise<Ticket> {
    const { subject, assignee, tag, message } = asked;
    const before = await readRaw(id, call);
    const { teamIDs, ...assignment } = assignee ? await assignmentTo(assignee.id, call) : {};
    const teams = teamIDs && [...new Set([...listOfText(before.teamIDs), ...teamIDs])];
    const fields = { subject, ...assignment, teamIDs: teams };
    if (Object.values(fields).some((value) => value !== undefined)) {
      await send({ method: "PATCH", to: path`tickets/${id}`, json: fields, answer: unread }, call);
    }
    if (tag) await setTags(id, tag, listOfText(before.tagIDs), call);
    if (message !== undefined) {
      const json = { author: { type: "client" }, message: { text: message } };
      const request = { method: "PATCH", effect: "create", to: path`tickets/${id}` } as const;
      await send({ ...request, json, answer: unread }, call);
    }
    return toTicket(await readRaw(id, call), call);
  }

  const ticketsState = shareLoad(async (call): Promise<TicketsState> => {
    const query = { silo: "tickets", pageSize: 1 };
    try {
      await send({ method: "GET", to: path`tickets`, query, answer: v.array(v.unknown()) }, call);
      return "here";
    } catch (error) {
      if (error instanceof NoHelpDesk) return "refused";
      throw error;
    }
  }, STATE_FRESH_FOR);

  return {
    findTickets: (filters, range, call) => findTickets(readPage, filters, range, call),
    ticketSource: (call) => ticketSource(readPage, { call }),
    getTicket: async (id, call) => toTicket(await readRaw(id, call), call),
    createTicket,
    updateTicket,
    ticketsState: (call) => ticketsState.get(call),

    async listTicketWebhooks(call) {
      const answer = readable(HelpDeskWebhook);
      return (await send({ method: "GET", to: path`webhooks`, answer }, call)).map(fromHelpDeskWebhook);
    },
    async createWebhook({ url }, call) {
      const json = { url, eventType: TICKET_CREATED, name: "LiveChat Functions" };
      const request = { method: "POST", to: path`webhooks`, json, answer: HelpDeskWebhook } as const;
      return fromHelpDeskWebhook(await send(request, call));
    },
    async deleteWebhook(id, call) {
      const to = path`webhooks/${id.slice(WEBHOOK_PREFIX.length)}`;
      await send({ method: "DELETE", to, answer: unread }, call);
      return { result: `${id} removed successfully` };
    },
  };
}

export function isHelpDeskWebhook(id: string): boolean {
  return id.startsWith(WEBHOOK_PREFIX);
}

/**
 * LiveChat accepts the same token. So if HelpDesk refuses it, the account has no HelpDesk, or the token lacks
 * HelpDesk's scope.
 */
function refusalOfHelpDesk(refusal: Refusal): AppError {
  return WITHOUT_LICENCE.includes(refusal.status) ? noHelpDesk("refused") : refusalByStatus(refusal);
}

function fromHelpDeskWebhook({ ID, eventType, url }: v.InferOutput<typeof HelpDeskWebhook>): Webhook {
  const event_type = eventType === TICKET_CREATED ? "ticket_created" : eventType;
  return { id: WEBHOOK_PREFIX + ID, event_type, url };
}

function listOfText(value: unknown): string[] {
  return itemsOf(value).filter((item) => typeof item === "string");
}
