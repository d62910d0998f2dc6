import type { EventLog } from "../event-log/event-log.ts";
import type { NewQuarantined } from "../event-log/types.ts";
import type { Receipt } from "../schemas/receipt.ts";
import type { EventType } from "../schemas/webhook.ts";
import { decodeUtf8 } from "./read-body.ts";
import { type DeliveryRules, readDelivery } from "./read-delivery.ts";

/**
 * Receives a delivery from a verified sender. Resolves after the delivery is stored.
 *
 * @throws {InvalidInput} when the body is not JSON in UTF-8
 * @throws {Forbidden} when the event is of another licence
 * @throws {StorageUnavailable} when it could not be stored in time; LiveChat repeats the delivery
 */
export async function receive(
  body: Uint8Array,
  expected: EventType,
  { log, ...options }: DeliveryRules & { log: Pick<EventLog, "append" | "quarantine"> },
): Promise<Receipt> {
  const reading = readDelivery(decodeUtf8(body), expected, options);
  if (!reading.understood) return quarantine(log, { expected, ...reading });
  const { status, id } = await log.append(reading.event);
  return { status, id };
}

/** Stores an authenticated delivery that could not be read in the quarantine. */
export async function quarantine(
  log: Pick<EventLog, "quarantine">,
  delivery: NewQuarantined,
): Promise<Receipt> {
  const { id } = await log.quarantine.keep(delivery);
  return { status: "quarantined", id };
}
