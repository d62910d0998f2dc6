import { Forbidden, type Problem } from "../core/errors.ts";
import { isObject } from "../core/values.ts";
import { tooComplex } from "../event-log/complexity.ts";
import { cutMembers, memberText } from "../event-log/cut-members.ts";
import type { EventLog } from "../event-log/event-log.ts";
import type { NewEvent } from "../event-log/types.ts";
import { peopleIn } from "../people/people-in.ts";
import { validate } from "../schemas/validate.ts";
import { type EventType, WebhookChatResponse, WebhookTicketResponse } from "../schemas/webhook.ts";
import { oddIds, parseJson, quarantine, type Received, type Rejection } from "./delivery.ts";

/** The members of an envelope with the webhook's secret, under the names of both platforms. */
const SECRET_MEMBERS = ["token", "secret_key"];

/** An event for the log, or an authenticated delivery that cannot become one. */
type ReadDelivery = { event: NewEvent } | ({ raw: string } & Rejection);

type DeliveryRules = {
  /** The only licence whose events are accepted; any licence when it is absent. */
  licenseId?: string;
  /**
   * True when the Text platform reports the same chats: the ids of their starts and ends then have no time. Both APIs
   * must give an event the same id.
   */
  once?: boolean;
};

/**
 * Receives a delivery of LiveChat's API v2 from a verified sender. Resolves after the delivery is stored.
 *
 * @throws {InvalidInput} when the text is not JSON
 * @throws {Forbidden} when the event is of another licence
 * @throws {StorageUnavailable} when it could not be stored in time; LiveChat repeats the delivery
 */
export async function receiveV2(
  text: string,
  expected: EventType,
  { log, ...rules }: DeliveryRules & { log: Pick<EventLog, "append" | "quarantine"> },
): Promise<Received> {
  const reading = readDelivery(text, expected, rules);
  if (!("event" in reading)) return quarantine(log, { expected, ...reading });
  const { status, id } = await log.append(reading.event);
  return { type: expected, status, id };
}

/**
 * Reads the body of a delivery as an event of its URL's type. The stored text is the original body without the
 * envelope's credentials.
 *
 * @throws {InvalidInput} when the body is not JSON
 * @throws {Forbidden} when the event is of another licence
 */
export function readDelivery(
  body: string,
  expected: EventType,
  { licenseId, once }: DeliveryRules = {},
): ReadDelivery {
  const envelope = parseJson(body);
  const licence = isObject(envelope) ? (envelope.license_id ?? undefined) : undefined;
  if (licenseId && licence !== undefined && String(licence) !== licenseId) {
    throw new Forbidden("This event belongs to another LiveChat licence than this app's.");
  }
  const raw = cutMembers(body, SECRET_MEMBERS);
  const facts = eventFactsOf(envelope, raw, expected);
  if ("problems" in facts) return { raw, ...facts };
  const event = { type: expected, origin: "webhook", raw, people: peopleIn(envelope), ...facts } as const;
  return { event: expected === "ticket_created" ? event : { ...event, once } };
}

type EventFacts = Pick<NewEvent, "licence" | "subjectId" | "occurredAt">;

function eventFactsOf(envelope: unknown, raw: string, expected: EventType): EventFacts | Rejection {
  const type = isObject(envelope) ? (envelope.event_type ?? undefined) : undefined;
  if (type !== undefined && type !== expected) {
    const reason = `This URL is for ${expected}, but the delivery is of another type.`;
    return { reason, problems: [{ path: "event_type", message: `event_type is not ${expected}.` }] };
  }
  const message = tooComplex(raw);
  if (message !== undefined) return { reason: message, problems: [{ path: "", message }] };
  const facts = expected === "ticket_created" ? ticketFacts(envelope) : chatFacts(envelope, expected);
  if ("problems" in facts) {
    return { reason: `The delivery does not have the shape of ${expected}.`, problems: facts.problems };
  }
  const problems = problemsOfIds(envelope, raw, expected === "ticket_created" ? "ticket" : "chat");
  return problems.length > 0
    ? {
        reason: "An id is empty, too long, or a number that lost digits. So the event cannot be identified.",
        problems,
      }
    : facts;
}

/** A whole number without an exponent. If it is also a safe integer, `JSON.parse` keeps all its digits. */
const WHOLE_NUMBER = /^\s*-?\d+(\.0+)?\s*$/;

/**
 * An id is opaque text, or a whole number without lost digits. `JSON.parse` turns `1.0000000000000001` into 1, so a
 * number is checked in the original text.
 */
function problemsOfIds(envelope: unknown, raw: string, subject: "chat" | "ticket"): Problem[] {
  const { license_id: licence, [subject]: about } = envelope as Record<string, unknown>;
  const { id } = about as { id?: unknown };
  const problems: Problem[] = [];
  const check = (path: string, value: unknown, text: () => string | undefined) => {
    if (typeof value !== "number" || (Number.isSafeInteger(value) && WHOLE_NUMBER.test(text() ?? ""))) return;
    problems.push({ path, message: `${path} is a number that cannot be read exactly.` });
  };
  check(`${subject}.id`, id, () => memberText(memberText(raw, subject) ?? "", "id"));
  check("license_id", licence, () => memberText(raw, "license_id"));
  if (typeof licence === "string") problems.push(...oddIds({ license_id: licence }));
  if (typeof id === "string" && id.trim() === "") {
    problems.push({ path: `${subject}.id`, message: `${subject}.id must not be empty.` });
  }
  return problems;
}

function chatFacts(
  envelope: unknown,
  type: "chat_started" | "chat_ended",
): EventFacts | Pick<Rejection, "problems"> {
  const result = validate(WebhookChatResponse, envelope);
  if (!result.success) return result;
  const { chat, license_id } = result.output;
  const occurredAt = type === "chat_started" ? chat.started_timestamp : chat.ended_timestamp;
  return { ...(license_id && { licence: license_id }), subjectId: chat.id, occurredAt };
}

function ticketFacts(envelope: unknown): EventFacts | Pick<Rejection, "problems"> {
  const result = validate(WebhookTicketResponse, envelope);
  if (!result.success) return result;
  const { ticket, license_id } = result.output;
  const occurredAt = ticket.date ?? ticket.events?.[0]?.date;
  return { ...(license_id && { licence: license_id }), subjectId: ticket.id, occurredAt };
}
