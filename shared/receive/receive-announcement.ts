import type { Received } from "./delivery.ts";

type Announcement<Item> = {
  /** The type of the event, and its id in the log. */
  event: Pick<Received, "type" | "id">;
  item: Item;
  itemId: string;
  pending: {
    /** Returns `false` when the item was stored before. */
    keep(item: Item): Promise<boolean>;
    forget(itemId: string): Promise<void>;
    settle(itemId: string): Promise<void>;
  };
  /** Finds the event in the log. */
  find(): Promise<{ id: string } | undefined>;
};

/** Receives a delivery that has only ids: stores them until the app has fetched the event's content from LiveChat. */
export async function receiveAnnouncement<Item>(announcement: Announcement<Item>): Promise<Received> {
  const { event, item, itemId, pending } = announcement;
  if (!(await pending.keep(item))) return { ...event, status: "duplicate" };
  // The item must be stored before. A repeated delivery may just have added the event to the log and removed its own
  // item.
  const known = await announcement.find();
  if (known) {
    await pending.forget(itemId);
    return { ...event, status: "duplicate", id: known.id };
  }
  // Not awaited: LiveChat waits only ten seconds, and the item is durable. If this attempt fails, a timer makes the
  // next one.
  void pending.settle(itemId);
  return { ...event, status: "stored" };
}
