import { tooComplex } from "../event-log/complexity.ts";
import type { EventLog } from "../event-log/event-log.ts";
import { identify } from "../event-log/identity.ts";
import { ticketIdIn } from "../livechat/helpdesk/from-helpdesk.ts";
import type { Receipt } from "../schemas/receipt.ts";
import type { Arrivals } from "../tickets/arrivals/arrivals.ts";
import { decodeUtf8, parseJson } from "./read-body.ts";
import { quarantine } from "./receive.ts";

/** The longest id that is taken: HelpDesk's have 36 characters. */
const LONGEST_ID = 200;

/**
 * Takes one delivery of HelpDesk whose URL had the right key. Nothing but the ticket's id is believed and kept; the ticket
 * is read before its event is in the log. `arrived` is the ticket that is to be read now.
 *
 * @throws {InvalidInput} when the body is not JSON in UTF-8
 * @throws {StorageUnavailable} when it could not be kept in time; HelpDesk sends it again for a day
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
  // The id that the event will have in the log.
  const id = identify({ type: "ticket_created", origin: "webhook", ticketId, raw: "" });
  if (!(await arrivals.keep(ticketId))) return { status: "duplicate", id };
  // Looked up after the id is kept: the event may have come into the log, and the id of another delivery gone, just before.
  if (!(await log.get(id))) return { status: "stored", id, arrived: ticketId };
  await arrivals.forget(ticketId);
  return { status: "duplicate", id };
}
