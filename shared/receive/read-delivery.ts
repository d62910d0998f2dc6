import { Forbidden, InvalidInput, type Problem } from "../core/errors.ts";
import { tooComplex } from "../event-log/complexity.ts";
import { cutMembers, memberText } from "../event-log/cut-members.ts";
import type { NewEvent } from "../event-log/types.ts";
import { peopleIn } from "../people/people-in.ts";
import { validate } from "../schemas/validate.ts";
import { isObject } from "../schemas/vocabulary.ts";
import { type EventType, WebhookChatResponse, WebhookTicketResponse } from "../schemas/webhook.ts";

/** What an envelope says that opens something: the webhook's secret, under the names of both of LiveChat's platforms. */
const CREDENTIALS = ["token", "secret_key"];

/** What a delivery turned out to be: an event for the log, or something that was authenticated but not understood. */
export type ReadDelivery =
  | { understood: true; event: NewEvent }
  | { understood: false; raw: string; reason: string; problems: Problem[] };

/**
 * Reads the body of a delivery as the event that its URL is for. What is kept is the text as it came, without the
 * envelope's credentials.
 *
 * @param licenseId when given, the only licence whose events are taken
 * @throws {InvalidInput} when the body is not JSON in UTF-8
 * @throws {Forbidden} when the event is of another licence
 */
export function readDelivery(body: string, expected: EventType, licenseId?: string): ReadDelivery {
  const envelope = parse(body);
  const raw = cutMembers(body, CREDENTIALS);
  const member = (name: string) => (isObject(envelope) ? envelope[name] : undefined);

  const licence = member("license_id") ?? undefined;
  if (licenseId && licence !== undefined && String(licence) !== licenseId) {
    throw new Forbidden("This event belongs to another LiveChat licence than this app's.");
  }
  const type = member("event_type");
  if (type !== undefined && type !== null && type !== expected) {
    const reason = `This URL is for ${expected}, and the delivery says that it is something else.`;
    return {
      understood: false,
      raw,
      reason,
      problems: [{ path: "event_type", message: `event_type is not ${expected}.` }],
    };
  }
  const message = tooComplex(raw);
  if (message !== undefined) {
    return { understood: false, raw, reason: message, problems: [{ path: "", message }] };
  }
  const facts = expected === "ticket_created" ? ticketFacts(envelope) : chatFacts(envelope, expected);
  if ("problems" in facts) {
    const reason = `The delivery does not have the shape of ${expected}.`;
    return { understood: false, raw, reason, problems: facts.problems };
  }
  const problems = problemsOfIds(envelope, raw, expected === "ticket_created" ? "ticket" : "chat");
  if (problems.length > 0) {
    const reason = "Its ids do not tell it from other events.";
    return { understood: false, raw, reason, problems };
  }
  return {
    understood: true,
    event: { type: expected, origin: "webhook", raw, people: peopleIn(envelope), ...facts },
  };
}

/** A whole number as it is written when nothing of it is lost. */
const EXACT = /^\s*-?\d+(\.0+)?\s*$/;

/**
 * Ids are opaque text, or whole numbers whose digits are all kept. `JSON.parse` makes 1 of `1.0000000000000001`, so a number
 * is judged by its text.
 */
function problemsOfIds(envelope: unknown, raw: string, subject: "chat" | "ticket"): Problem[] {
  const { license_id: licence, [subject]: about } = envelope as Record<string, unknown>;
  const { id } = about as { id?: unknown };
  const problems: Problem[] = [];
  const check = (path: string, value: unknown, text: () => string | undefined) => {
    if (typeof value !== "number" || (Number.isSafeInteger(value) && EXACT.test(text() ?? ""))) return;
    problems.push({ path, message: `${path} is a number that cannot be read exactly.` });
  };
  check(`${subject}.id`, id, () => memberText(memberText(raw, subject) ?? "", "id"));
  check("license_id", licence, () => memberText(raw, "license_id"));
  if (typeof id === "string" && id.trim() === "") {
    problems.push({ path: `${subject}.id`, message: `${subject}.id must not be empty.` });
  }
  return problems;
}

type EventFacts = Pick<NewEvent, "licence" | "chatId" | "ticketId" | "moment" | "occurredAt">;
type Unfit = { problems: Problem[] };

function chatFacts(envelope: unknown, type: "chat_started" | "chat_ended"): EventFacts | Unfit {
  const result = validate(WebhookChatResponse, envelope);
  if (!result.success) return result;
  const { chat, license_id } = result.output;
  const moment = type === "chat_started" ? chat.started_timestamp : chat.ended_timestamp;
  return { ...(license_id && { licence: license_id }), chatId: chat.id, moment, occurredAt: moment };
}

function ticketFacts(envelope: unknown): EventFacts | Unfit {
  const result = validate(WebhookTicketResponse, envelope);
  if (!result.success) return result;
  const { ticket, license_id } = result.output;
  const occurredAt = ticket.date ?? ticket.events?.[0]?.date;
  return { ...(license_id && { licence: license_id }), ticketId: ticket.id, occurredAt };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw InvalidInput.at("", "The body is not valid JSON.");
  }
}
