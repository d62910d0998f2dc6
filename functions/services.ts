import { openEventLog } from "../shared/event-log/event-log.ts";
import { createLiveChat } from "../shared/livechat/client.ts";
import { readSettings } from "../shared/settings.ts";
import { openTable } from "../shared/storage/open-table.ts";
import { openTicketStore } from "../shared/ticket-store/ticket-store.ts";

/**
 * What operations call, each made on first use and kept for the life of the process: a cold start pays for what its
 * first request needs, and a setting that is missing is said by what needs it.
 */
export function createServices(environment: Record<string, string | undefined>) {
  const settings = once(() => readSettings(environment));
  const table = (name: string) => openTable(settings().storage, name);
  const liveChat = once(() => createLiveChat(settings().liveChat));
  const eventLog = once(() => openEventLog({ table: table(settings().tables.events) }));
  const ticketStore = once(() => openTicketStore({ table: table(settings().tables.tickets) }));
  return {
    get settings() {
      return settings();
    },
    get liveChat() {
      return liveChat();
    },
    get eventLog() {
      return eventLog();
    },
    get ticketStore() {
      return ticketStore();
    },
  };
}

export type Services = ReturnType<typeof createServices>;

/** Makes a value when it is first asked for. A failure is not kept, so that it is tried again. */
function once<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
