import type { ReconcileState } from "../reconcile/state.ts";
import type { Watch } from "../reconcile/watch.ts";
import type { TicketStore } from "./store/ticket-store.ts";

/** The reconciliation's knowledge about the account's tickets. */
export type KnownTickets = {
  /** The time since which it watches the account; absent before its first page. @throws {StorageUnavailable} */
  watch(): Promise<Watch | undefined>;
  /**
   * Whether it has stored a ticket. The ticket may have been deleted or erased since. @throws {StorageUnavailable}
   */
  isStored(ticketId: string): Promise<boolean>;
};

export function openKnownTickets(store: Pick<TicketStore, "get" | "state">): KnownTickets {
  // The watch never changes once it exists.
  let watch: Watch | undefined;
  return {
    async watch() {
      watch ??= (await store.state<ReconcileState>())?.watch;
      return watch;
    },
    isStored: async (ticketId) => (await store.get(ticketId)) !== undefined,
  };
}
