import { ORIGINS } from "./events.ts";
import { EventLink } from "./links.tsx";
import { useCall } from "./use-call.ts";

/** How a ticket came into the log, with the event that says so. */
export function FoundBy({ ticketId }: { ticketId: string }) {
  const { body } = useCall("ListEvents", { query: { ticket_id: ticketId, limit: "1", max_payload: "0" } });
  const [event] = body?.items ?? [];
  if (!body) return null;
  // A ticket that was there before the app has no event.
  return event ? (
    <EventLink id={event.id}>{ORIGINS[event.origin]}</EventLink>
  ) : (
    <span class="quiet">was there before</span>
  );
}
