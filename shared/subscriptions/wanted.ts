import type { EventLog } from "../event-log/event-log.ts";
import type { LogEvent, StoredEvent } from "../event-log/types.ts";
import type { EventType } from "../schemas/webhook.ts";
import { type Choice, isWanted } from "./filter.ts";

/** The type of a subscription for one type alone. */
export function onlyTypeOf({ types }: Choice): EventType | undefined {
  return types?.length === 1 ? types[0] : undefined;
}

/** Whether an event has content to send, and is one of those that were chosen. */
export function isWantedEvent(event: LogEvent, choice: Choice): event is StoredEvent {
  return isWanted(event, choice);
}

/**
 * The events behind the place `after` that a subscription wants.
 *
 * @param through the last place that matters
 * @param most how many events of the log are looked at, about
 */
export async function* wantedEvents(
  log: Pick<EventLog, "list">,
  choice: Choice,
  { after, through = Number.POSITIVE_INFINITY, most = Number.POSITIVE_INFINITY }: Span,
): AsyncGenerator<StoredEvent, undefined> {
  const type = onlyTypeOf(choice);
  for (let place = after, looked = 0; place < through && looked < most; ) {
    const { items, next } = await log.list({ type, after: place, limit: looked === 0 ? 10 : 100 });
    if (items.length === 0) return;
    for (const event of items) if (event.seq <= through && isWantedEvent(event, choice)) yield event;
    looked += items.length;
    place = next;
  }
}

type Span = { after: number; through?: number; most?: number };
