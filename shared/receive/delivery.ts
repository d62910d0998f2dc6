import { InvalidInput } from "../core/errors.ts";
import type { EventLog } from "../event-log/event-log.ts";
import type { NewQuarantined } from "../event-log/types.ts";
import type { Receipt } from "../schemas/receipt.ts";
import type { EventType } from "../schemas/webhook.ts";

/** The answer to a delivery, and the type of its event. */
export type Received = Receipt & { type: EventType };

/** The reason why a delivery cannot become an event. */
export type Rejection = Pick<NewQuarantined, "reason" | "problems">;

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
  try {
    return JSON.parse(text);
  } catch {
    throw InvalidInput.at("", "The body is not valid JSON.");
  }
}

/** Stores an authenticated delivery that could not be read in the quarantine. */
export async function quarantine(
  log: Pick<EventLog, "quarantine">,
  delivery: NewQuarantined,
): Promise<Received> {
  const { id } = await log.quarantine.keep(delivery);
  return { type: delivery.expected, status: "quarantined", id };
}
