import { tooComplex } from "../event-log/complexity.ts";
import type { EventLog } from "../event-log/event-log.ts";
import { identify } from "../event-log/identity.ts";
import { ticketIdIn } from "../livechat/helpdesk/from-helpdesk.ts";
import type { Arrivals } from "../tickets/arrivals/arrivals.ts";
import { oddIds, parseJson, quarantine, type Received } from "./delivery.ts";
import { receiveAnnouncement } from "./receive-announcement.ts";

type HelpDeskParts = {
  log: Pick<EventLog, "get" | "quarantine">;
  arrivals: Pick<Arrivals, "keep" | "forget" | "settle">;
};

/**
 * Receives a delivery of HelpDesk whose URL had the right key. HelpDesk does not sign deliveries, so the app stores
 * only the ticket's id and reads the ticket before it appends the event.
 *
 * @throws {InvalidInput} when the text is not JSON
 * @throws {StorageUnavailable} when the id could not be stored in time; HelpDesk repeats the delivery for a day
 */
export async function receiveHelpDesk(raw: string, { log, arrivals }: HelpDeskParts): Promise<Received> {
  const parsed = parseJson(raw);
  const ticketId = tooComplex(raw) === undefined ? ticketIdIn(parsed) : undefined;
  const missing = { path: "payload.ID", message: "payload.ID is missing." };
  const problems = ticketId === undefined ? [missing] : oddIds({ "payload.ID": ticketId });
  if (ticketId === undefined || problems.length > 0) {
    const reason = "The delivery has no usable ticket id.";
    return quarantine(log, { raw, expected: "ticket_created", reason, problems });
  }
  const id = identify({ type: "ticket_created", subjectId: ticketId, raw: "" });
  return receiveAnnouncement({
    event: { type: "ticket_created", id },
    item: ticketId,
    itemId: ticketId,
    pending: arrivals,
    find: () => log.get(id),
  });
}
