import { Conflict, NotFound } from "../core/errors.ts";
import type { EventLog } from "../event-log/types.ts";
import { type ReadOptions, readDelivery } from "./read-delivery.ts";

/**
 * Reads a quarantined delivery again, with the schemas of today.
 *
 * @param options `once` as for a delivery
 * @throws {NotFound} when the quarantine has no such entry
 * @throws {Conflict} when it is still unreadable, with the reason; it stays where it is
 */
export async function replay(
  id: string,
  { quarantine }: Pick<EventLog, "quarantine">,
  { once }: Pick<ReadOptions, "once">,
): Promise<{ status: "stored" | "duplicate"; id: string }> {
  const replayed = await quarantine.replay(id, (raw, expected) => readDelivery(raw, expected, { once }));
  if (!replayed) throw new NotFound("The quarantine has no entry with this id.");
  if (replayed.status === "quarantined")
    throw new Conflict(`The app still cannot read it: ${replayed.reason}`);
  return { status: replayed.status, id: replayed.id };
}
