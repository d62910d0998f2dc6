import { modifiedAt } from "../../shared/listing/ticket-facts.ts";
import type { Writer } from "../../shared/reconcile/sink.ts";
import type { ReconcileState } from "../../shared/reconcile/state.ts";
import type { StoredTicket } from "../../shared/schemas/stored-ticket.ts";
import type { Ticket } from "../../shared/schemas/ticket.ts";
import { hashed } from "../../shared/storage/keys.ts";
import { LeaseLost } from "../../shared/storage/lease.ts";
import { contentOf, ticketKey } from "../../shared/tickets/store/ticket-row.ts";
import type { TicketStore } from "../../shared/tickets/store/ticket-store.ts";

type Memory = {
  tickets: Map<string, StoredTicket>;
  state?: ReconcileState;
  commits: number;
  notes: Map<string, unknown>;
  lease?: { holder: string; since: string; until: number; nonce: object };
};

export function createMemory(): Memory {
  return { tickets: new Map(), commits: 0, notes: new Map() };
}

/**
 * A ticket store in memory. Property tests run many schedules, and the emulator is too slow for them.
 *
 * @param touch carries out each write
 */
export function openMemoryStore(memory: Memory, touch: (write: () => void) => void): TicketStore {
  const live = () => [...memory.tickets.values()].filter(({ deletedAt }) => deletedAt === undefined);
  return {
    get: async (id) => memory.tickets.get(id),
    async list({ deleted } = {}) {
      const items = [...memory.tickets.values()]
        .filter((ticket) => deleted === undefined || deleted === (ticket.deletedAt !== undefined))
        .sort((a, b) => (ticketKey(a) < ticketKey(b) ? -1 : 1));
      return { items: structuredClone(items), next: null };
    },
    async lock({ holder, ttlMs, now = Date.now }) {
      const nonce = {};
      const since = new Date(now()).toISOString();
      const hold = () => {
        memory.lease = { holder, since, nonce, until: now() + ttlMs };
      };
      const busy = () =>
        new LeaseLost(`${memory.lease?.holder} has been running since ${memory.lease?.since}.`);
      if (memory.lease && memory.lease.until > now()) throw busy();
      touch(hold);
      return {
        holder,
        since,
        async renew() {
          if (memory.lease?.nonce !== nonce) throw busy();
          touch(hold);
        },
        async release() {
          touch(() => {
            if (memory.lease?.nonce === nonce) memory.lease = undefined;
          });
        },
      };
    },
    async write() {
      let commits = memory.commits;
      let state = structuredClone(memory.state);
      const writer: Writer<Ticket> = {
        get state() {
          return state;
        },
        get live() {
          return live().length;
        },
        async compare(tickets) {
          return tickets.map((ticket) => {
            const stored = memory.tickets.get(ticket.id);
            if (!stored) return { item: ticket, result: "new" };
            if (stored.deletedAt !== undefined) return { item: ticket, result: "deleted" };
            return { item: ticket, result: contentOf(stored) === contentOf(ticket) ? "same" : "changed" };
          });
        },
        async commit({ state: next, put = [], remove, notes = {} }) {
          touch(() => {
            if (memory.commits !== commits) throw new LeaseLost("Another run has taken over.");
            for (const { item } of put) memory.tickets.set(item.id, structuredClone(item));
            for (const ticket of live()) {
              const isGone = remove?.items.some(({ hash }) => hash === hashed(ticket.id));
              if (isGone) memory.tickets.set(ticket.id, { ...ticket, deletedAt: remove?.at });
            }
            for (const [name, note] of Object.entries(notes)) memory.notes.set(name, structuredClone(note));
            memory.state = structuredClone(next);
            commits = ++memory.commits;
          });
          state = structuredClone(next);
        },
        async *liveItems() {
          for (const ticket of live()) {
            yield { row: ticketKey(ticket), hash: hashed(ticket.id), changedAt: modifiedAt(ticket) };
          }
        },
      };
      return writer;
    },
    state: async () => structuredClone(memory.state),
    async *notes<Note>(prefix: string) {
      for (const name of [...memory.notes.keys()].sort()) {
        if (name.startsWith(prefix)) yield structuredClone(memory.notes.get(name)) as Note;
      }
    },
  };
}
