import type { Watch } from "../reconcile/watch.ts";
import type { TicketStore } from "./store/ticket-store.ts";

export type KnownTickets = ReturnType<typeof openKnownTickets>;

/** The reconciliation's knowledge about the account's tickets. */
export function openKnownTickets(store: Pick<TicketStore, "get" | "state">) {
  // The watch never changes once it exists.
  let watch: Watch | undefined;
  return {
    /**
     * The time since which the reconciliation watches the account; absent before its first page.
     *
     * @throws {StorageUnavailable}
     */
    async watch(): Promise<Watch | undefined> {
      watch ??= (await store.state())?.watch;
      return watch;
    },

    /**
     * Whether the reconciliation has stored a ticket. The ticket may have been deleted or erased since.
     *
     * @throws {StorageUnavailable}
     */
    isStored: async (ticketId: string) => (await store.get(ticketId)) !== undefined,
  };
}
