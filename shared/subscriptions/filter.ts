import { itemsOf, objectOf } from "../core/values.ts";
import type { EventLog } from "../event-log/event-log.ts";
import type { StoredEvent } from "../event-log/types.ts";
import type { EventType } from "../schemas/webhook.ts";
import type { Terms } from "./subscription.ts";

/** The terms that choose events. */
export type EventChoice = Pick<Terms, "types" | "filter">;

/**
 * Whether a subscription wants an event. An event without a payload is never wanted. A payload can be any JSON value:
 * one that does not fit its schema enters the log as LiveChat sent it.
 */
export function isWanted(
  { type, payload }: { type: EventType; payload?: unknown },
  { types, filter }: EventChoice,
): boolean {
  if (payload === undefined || (types && !types.includes(type))) return false;
  return filter === undefined || matchesFilter(filterFactsOf(payload), filter);
}

/**
 * The events of a log that a subscription wants.
 *
 * @param after the place before the first event to read
 * @param through the place of the last event to read
 * @param most about how many events to read, wanted or not
 */
export async function* wantedEvents(
  log: Pick<EventLog, "list">,
  choice: EventChoice,
  {
    after,
    through = Number.POSITIVE_INFINITY,
    most = Number.POSITIVE_INFINITY,
  }: { after: number; through?: number; most?: number },
): AsyncGenerator<StoredEvent, undefined> {
  const type = onlyTypeOf(choice);
  for (let place = after, read = 0; place < through && read < most; ) {
    const { items, next } = await log.list({ type, after: place, limit: read === 0 ? 10 : 100 });
    if (items.length === 0) return;
    for (const event of items)
      if (event.seq <= through && "payload" in event && isWanted(event, choice)) yield event;
    read += items.length;
    place = next;
  }
}

/** The event type of a subscription with a single type. */
export function onlyTypeOf({ types }: EventChoice): EventType | undefined {
  return types?.length === 1 ? types[0] : undefined;
}

type FilterFacts = ReturnType<typeof filterFactsOf>;

/** All given keys must match; a key matches when any of its values is among the event's. `not` must not match. */
function matchesFilter(facts: FilterFacts, { not, ...keys }: NonNullable<EventChoice["filter"]>): boolean {
  for (const [key, values] of Object.entries(facts) as [keyof FilterFacts, Set<string>][]) {
    const isIn = (value: string) => values.has(key === "agent" ? value.toLowerCase() : value);
    if (keys[key]?.some(isIn) === false) return false;
  }
  return not === undefined || !matchesFilter(facts, not);
}

/**
 * The values of a chat or ticket for each key of a filter. Logins ignore case; all other values are case-sensitive.
 */
function filterFactsOf(payload: unknown) {
  const { chat, ticket } = objectOf(payload);
  const about = objectOf(chat ?? ticket);
  const groups = [...itemsOf(about.groups), about.group, about.currentGroup];
  const agents = [
    ...itemsOf(about.agents).map((agent) => objectOf(agent).login),
    objectOf(about.assignee).id,
  ];
  return {
    group: texts(groups.map(idOf)),
    agent: texts(agents.map((login) => (typeof login === "string" ? login.toLowerCase() : login))),
    tag: texts(itemsOf(about.tags)),
    status: texts([about.status]),
    source: texts([objectOf(about.source).type]),
  };
}

/** LiveChat sends a group as its id, or as an object with the id. */
const idOf = (group: unknown): unknown => (typeof group === "object" ? objectOf(group).id : group);

function texts(values: unknown[]): Set<string> {
  const known = values.filter((value) => typeof value === "string" || typeof value === "number");
  return new Set(known.map(String));
}
