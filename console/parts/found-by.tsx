import { ORIGINS } from "./events.ts";
import { EventLink } from "./links.tsx";
import { useCall } from "./use-call.ts";

/** Shows whether a webhook or the reconciliation found a ticket, as a link to its event. */
export function FoundBy({ ticketId }: { ticketId: string }) {
  const { body } = useCall("ListEvents", { query: { ticket_id: ticketId, limit: "1", max_payload: "0" } });
  const [event] = body?.items ?? [];
  if (!body) return null;
  // A ticket that is older than the app has no event.
  return event ? (
    <EventLink id={event.id}>{ORIGINS[event.origin]}</EventLink>
  ) : (
    <span class="quiet">older than this app</span>
  );
}
