import { itemsOf, objectOf } from "../../core/values.ts";

/** The agents, teams and tags of an account by their ids. A ticket contains the ids only. */
export type Names = {
  /** An agent's email is its login in v2. */
  agents: ReadonlyMap<string, { email?: string; name?: string }>;
  teams: ReadonlyMap<string, { name?: string }>;
  tags: ReadonlyMap<string, { name?: string }>;
};

export const NO_NAMES: Names = { agents: new Map(), teams: new Map(), tags: new Map() };

type Members = Record<string, unknown>;

/** v2's statuses by HelpDesk's statuses. */
const STATUSES: Record<string, string> = { onhold: "pending", closed: "solved" };
/** v2's types of a ticket's source by HelpDesk's types. */
const SOURCES: Record<string, string> = {
  email: "mail",
  chat: "chat-window",
  chatWidget: "chat-window",
  integration: "lc2",
  api: "lc2",
};

/**
 * Converts a ticket of HelpDesk to v2's field names. Fields that v2 does not have keep their names. Values that v2 names
 * differently are also given unchanged. HelpDesk's reference is known only in part, so each member may have any type.
 */
export function fromHelpDesk(ticket: unknown, names: Names): Members {
  const {
    ID,
    status,
    requester,
    createdAt,
    updatedAt,
    assignment,
    source,
    tagIDs,
    teamIDs,
    events,
    ...more
  } = objectOf(ticket);
  const { agent, team } = objectOf(assignment);
  const first = objectOf(objectOf(itemsOf(events)[0]).source);
  const teams = itemsOf(teamIDs).map((id) =>
    withoutMissing({ ID: id, name: names.teams.get(String(id))?.name }),
  );
  return withoutMissing({
    ...more,
    id: ID,
    status: more.silo === "spam" ? "spam" : translated(STATUSES, status),
    helpdesk_status: status,
    date: createdAt,
    modified: updatedAt,
    requester: requesterOf(requester),
    assignee: personOf(agent, names),
    source: objectOf(source).type === undefined ? undefined : sourceOf(source, first.referenceURL),
    currentGroup: teamOf(team, names),
    teams,
    tags: itemsOf(tagIDs).map((id) => names.tags.get(String(id))?.name ?? id),
    events: Array.isArray(events) ? events.map((event) => eventOf(event, names)) : undefined,
    assignment,
    teamIDs,
    tagIDs,
  });
}

/** True for a ticket with an agent, team or tag that is not among the names. */
export function lacksNames(ticket: unknown, { agents, teams, tags }: Names): boolean {
  const { tagIDs, teamIDs, assignment } = objectOf(ticket);
  const { ID } = objectOf(objectOf(assignment).agent);
  return (
    (ID !== undefined && !agents.has(String(ID))) ||
    itemsOf(teamIDs).some((id) => !teams.has(String(id))) ||
    itemsOf(tagIDs).some((id) => !tags.has(String(id)))
  );
}

/** Finds the ticket's id in a webhook's body: in `payload`, `payload.ticket` or `ticket`, or in the body itself. */
export function ticketIdIn(body: unknown): string | undefined {
  const { payload, ticket } = objectOf(body);
  for (const one of [objectOf(payload).ticket, payload, ticket, body]) {
    const { ID } = objectOf(one);
    if (typeof ID === "string" && ID !== "") return ID;
  }
  return undefined;
}

function requesterOf(requester: unknown): Members | undefined {
  const { email, name, ...more } = objectOf(requester);
  return email === undefined && name === undefined
    ? undefined
    : withoutMissing({ ...more, mail: email, name });
}

/** An agent by email, as in v2, or by HelpDesk's id while the email is unknown. */
function personOf(agent: unknown, { agents }: Names): Members | undefined {
  const { ID, name } = objectOf(agent);
  if (ID === undefined) return undefined;
  const known = agents.get(String(ID));
  return withoutMissing({ id: known?.email ?? ID, name: name ?? known?.name, helpdesk_id: ID });
}

/** A team with its name. Its id is not v2's `id` of a group: a team has a UUID, and a group has a number. */
function teamOf(team: unknown, { teams }: Names): Members | undefined {
  const { ID, name } = objectOf(team);
  return ID === undefined
    ? undefined
    : withoutMissing({ name: name ?? teams.get(String(ID))?.name, helpdesk_id: ID });
}

function sourceOf(source: unknown, url: unknown): Members {
  const { type, ...more } = objectOf(source);
  return withoutMissing({ ...more, type: translated(SOURCES, type), helpdesk_type: type, url });
}

function eventOf(event: unknown, names: Names): unknown {
  const { ID, author, message, assignment, status, source, type, ...more } = objectOf(event);
  const { agent } = objectOf(objectOf(assignment).new);
  const { old: from, new: to } = objectOf(status);
  const { referenceURL, ...where } = objectOf(source);
  return withoutMissing({
    ...more,
    id: ID,
    type: type === "assignment" ? "assignee_changed" : type,
    author: authorOf(author, names),
    is_private: objectOf(message).isPrivate,
    message: objectOf(message).text,
    ...(type === "assignment" && { to: personOf(agent, names), assignment }),
    ...(type === "status" && { from: translated(STATUSES, from), to: translated(STATUSES, to), status }),
    source: source && sourceOf(where, referenceURL),
  });
}

function authorOf(author: unknown, { agents }: Names): Members | undefined {
  const { ID, email, name, type } = objectOf(author);
  if (type === undefined && ID === undefined && email === undefined) return undefined;
  const known = agents.get(String(ID));
  return withoutMissing({ id: email ?? known?.email ?? ID, name: name ?? known?.name, type });
}

function translated(words: Record<string, string>, word: unknown): unknown {
  return typeof word === "string" && Object.hasOwn(words, word) ? words[word] : word;
}

function withoutMissing(value: Members): Members {
  return Object.fromEntries(
    Object.entries(value).filter(([, member]) => member !== undefined && member !== null),
  );
}
