import { InvalidInput, type Problem } from "../core/errors.ts";
import { fromJson } from "../core/json.ts";
import type { EventLog } from "../event-log/event-log.ts";
import type { NewQuarantined } from "../event-log/types.ts";
import type { Receipt } from "../schemas/receipt.ts";
import type { EventType } from "../schemas/webhook.ts";

/** The answer to a delivery, and the type of its event. */
export type Received = Receipt & { type: EventType };

/** The reason why a delivery cannot become an event. */
export type Rejection = Pick<NewQuarantined, "reason" | "problems">;

/** The longest id that is accepted, in characters; the ids of LiveChat and HelpDesk have at most 36. */
const MAX_ID_LENGTH = 200;

/** Problems of ids that become columns of a row, by path. A column cannot hold half of a surrogate pair. */
export function oddIds(ids: Record<string, string>): Problem[] {
  return Object.entries(ids)
    .filter(([, id]) => id.length > MAX_ID_LENGTH || !id.isWellFormed())
    .map(([path]) => ({
      path,
      message: `${path} must have at most ${MAX_ID_LENGTH} characters and be valid Unicode.`,
    }));
}

/** @throws {InvalidInput} */
export function decodeUtf8(body: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    throw InvalidInput.at("", "The body is not UTF-8.");
  }
}

/** @throws {InvalidInput} */
export function parseJson(text: string): unknown {
  const value = fromJson(text);
  if (value === undefined) throw InvalidInput.at("", "The body is not valid JSON.");
  return value;
}

/** Stores an authenticated delivery that could not be read in the quarantine. */
export async function quarantine(
  log: Pick<EventLog, "quarantine">,
  delivery: NewQuarantined,
): Promise<Received> {
  const { id } = await log.quarantine.keep(delivery);
  return { type: delivery.expected, status: "quarantined", id };
}
