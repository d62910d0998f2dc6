import { tooComplex } from "../event-log/complexity.ts";
import type { EventLog } from "../event-log/event-log.ts";
import { identify } from "../event-log/identity.ts";
import { ticketIdIn } from "../livechat/helpdesk/from-helpdesk.ts";
import type { Receipt } from "../schemas/receipt.ts";
import type { Arrivals } from "../tickets/arrivals/arrivals.ts";
import { decodeUtf8, parseJson } from "./read-body.ts";
import { quarantine } from "./receive.ts";

/** The longest id that is accepted; HelpDesk's ids have 36 characters. */
const LONGEST_ID = 200;

/**
 * Receives a delivery of HelpDesk whose URL had the right key. HelpDesk does not sign deliveries, so the app stores
 * only the ticket's id and reads the ticket before it appends the event. `arrived` is the id of the ticket to read
 * now.
 *
 * @throws {InvalidInput} when the body is not JSON in UTF-8
 * @throws {StorageUnavailable} when the id could not be stored in time; HelpDesk repeats the delivery for a day
 */
export async function receiveHelpDesk(
  body: Uint8Array,
  {
    log,
    arrivals,
  }: { log: Pick<EventLog, "get" | "quarantine">; arrivals: Pick<Arrivals, "keep" | "forget"> },
): Promise<Receipt & { arrived?: string }> {
  const raw = decodeUtf8(body);
  const parsed = parseJson(raw);
  const ticketId = tooComplex(raw) === undefined ? ticketIdIn(parsed) : undefined;
  if (ticketId === undefined || ticketId.length > LONGEST_ID) {
    const problems = [{ path: "payload.ID", message: "payload.ID is missing." }];
    const reason = "The delivery does not have a ticket's id.";
    return quarantine(log, { raw, expected: "ticket_created", reason, problems });
  }
  // The id of the event in the log.
  const id = identify({ type: "ticket_created", origin: "webhook", ticketId, raw: "" });
  if (!(await arrivals.keep(ticketId))) return { status: "duplicate", id };
  // Must come after the id is stored: a repeated delivery may have stored the event, and removed its own id, just
  // before.
  if (!(await log.get(id))) return { status: "stored", id, arrived: ticketId };
  await arrivals.forget(ticketId);
  return { status: "duplicate", id };
}
