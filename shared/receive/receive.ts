import { InvalidInput } from "../core/errors.ts";
import type { EventLog } from "../event-log/types.ts";
import type { EventType } from "../schemas/webhook.ts";
import { readDelivery } from "./read-delivery.ts";

/** The answer to LiveChat: the event is in the log now, was there already, or is in quarantine. */
export type Receipt = { status: "stored" | "duplicate" | "quarantined"; id: string };

/**
 * Takes one delivery, whose sender has been verified: reads it, keeps it, and only then says so.
 *
 * @throws {InvalidInput} when the body is not JSON in UTF-8
 * @throws {Forbidden} when the event is of another licence
 * @throws {StorageUnavailable} when it could not be kept in time; LiveChat will send it again
 */
export async function receive(
  body: Uint8Array,
  expected: EventType,
  { log, licenseId, once }: ReceiveOptions,
): Promise<Receipt> {
  const reading = readDelivery(decodeUtf8(body), expected, licenseId);
  if (reading.understood) {
    const { status, id } = await log.append({
      ...reading.event,
      once: once && expected !== "ticket_created",
    });
    return { status, id };
  }
  const { raw, reason, problems } = reading;
  const { id } = await log.quarantine.keep({ raw, expected, reason, problems });
  return { status: "quarantined", id };
}

export type ReceiveOptions = {
  log: Pick<EventLog, "append" | "quarantine">;
  /** The only licence whose events are taken; any when it is absent. */
  licenseId?: string;
  /** The Text platform tells the same chats, each start and end once: then v2's are told by the chat alone, too. */
  once?: boolean;
};

export function decodeUtf8(body: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    throw InvalidInput.at("", "The body is not UTF-8.");
  }
}
