import type { ReconcileState } from "../reconcile/state.ts";
import type { Watch } from "../reconcile/watch.ts";
import type { TicketStore } from "./store/ticket-store.ts";

/** What the reconciliation knows of the account's tickets. */
export type KnownTickets = {
  /** Since when it watches the account; absent before its first page. @throws {StorageUnavailable} */
  watch(): Promise<Watch | undefined>;
  /** Whether it has stored a ticket, which may be gone or erased since. @throws {StorageUnavailable} */
  isStored(ticketId: string): Promise<boolean>;
};

export function openKnownTickets(store: Pick<TicketStore, "get" | "state">): KnownTickets {
  // It never changes.
  let watch: Watch | undefined;
  return {
    async watch() {
      watch ??= (await store.state<ReconcileState>())?.watch;
      return watch;
    },
    isStored: async (ticketId) => (await store.get(ticketId)) !== undefined,
  };
}
