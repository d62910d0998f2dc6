import type { EventType } from "../schemas/webhook.ts";
import type { Terms } from "./subscription.ts";

/** What a subscription chooses events by. */
export type Choice = Pick<Terms, "types" | "filter">;

/**
 * Says whether a subscription wants an event; one without a payload is not wanted. A payload may be anything: what does
 * not fit the schema is given as LiveChat sent it.
 */
export function isWanted(
  { type, payload }: { type: EventType; payload?: unknown },
  { types, filter }: Choice,
): boolean {
  if (payload === undefined || (types && !types.includes(type))) return false;
  return filter === undefined || matchesFilter(filterFactsOf(payload), filter);
}

type FilterFacts = ReturnType<typeof filterFactsOf>;

/**
 * All given keys must match; a key matches when any of its values is among the event's. `not` must not match.
 */
function matchesFilter(facts: FilterFacts, { not, ...keys }: NonNullable<Choice["filter"]>): boolean {
  for (const [key, values] of Object.entries(facts) as [keyof FilterFacts, Set<string>][]) {
    const isIn = (value: string) => values.has(key === "agent" ? value.toLowerCase() : value);
    if (keys[key]?.some(isIn) === false) return false;
  }
  return not === undefined || !matchesFilter(facts, not);
}

/** The facts of a chat or a ticket. Logins are compared in lower case; everything else letter by letter. */
function filterFactsOf(payload: unknown) {
  const { chat, ticket } = record(payload);
  const about = record(chat ?? ticket);
  const groups = [...itemsOf(about.groups), about.group, about.currentGroup];
  const agents = [...itemsOf(about.agents).map((agent) => record(agent).login), record(about.assignee).id];
  return {
    group: texts(groups.map(idOf)),
    agent: texts(agents.map((login) => (typeof login === "string" ? login.toLowerCase() : login))),
    tag: texts(itemsOf(about.tags)),
    status: texts([about.status]),
    source: texts([record(about.source).type]),
  };
}

/** LiveChat sends a group as its id, or as an object with the id. */
const idOf = (group: unknown): unknown => (typeof group === "object" ? record(group).id : group);

function texts(values: unknown[]): Set<string> {
  const known = values.filter((value) => typeof value === "string" || typeof value === "number");
  return new Set(known.map(String));
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function itemsOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
