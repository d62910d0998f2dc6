import { useEffect, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { call, Problem, send } from "../api.ts";
import { Action } from "../parts/act.tsx";
import { type EventFilter, eventsBefore, type LoggedEvent, ORIGINS, TYPES } from "../parts/events.ts";
import { ChatLink, EventLink, linkTo, TicketLink } from "../parts/links.tsx";
import { ProblemBanner, Skeleton } from "../parts/loaded.tsx";
import { Page } from "../parts/page.tsx";
import { useRows } from "../parts/rows.tsx";
import { When } from "../parts/when.tsx";

const COUNT = 50;
const POLL_MS = 15_000;

export default function Events() {
  const { query, route } = useLocation();
  const filter = filterOf(query);
  const wanted = JSON.stringify([filter, query.before]);
  const [items, setItems] = useState<LoggedEvent[]>();
  const [head, setHead] = useState(0);
  const [reached, setReached] = useState(1);
  const [fresh, setFresh] = useState<LoggedEvent[]>([]);
  const [problem, setProblem] = useState<Problem>();
  const [turn, setTurn] = useState(0);
  const latest = useRef(0);
  const rows = useRows();
  const isFiltered = Object.values(filter).some((value) => value !== undefined);

  useEffect(() => {
    const abort = new AbortController();
    const { signal } = abort;
    let timer: ReturnType<typeof setTimeout> | undefined;
    setProblem(undefined);
    setFresh([]);

    const load = async () => {
      const before = query.before === undefined ? undefined : Number(query.before);
      const page = await eventsBefore(filter, { count: COUNT, signal, ...(before && { before }) });
      setItems(page.items);
      setHead(page.head);
      setReached(page.from);
      latest.current = page.head;
    };
    const poll = async () => {
      if (!document.hidden && query.before === undefined) {
        const page = await call(
          "ListEvents",
          { query: { ...filter, after: String(latest.current), limit: "100" } },
          { signal },
        );
        latest.current = Math.max(latest.current, page.next);
        setHead(page.head);
        setProblem(undefined);
        if (page.items.length > 0) setFresh((before) => [...page.items.toReversed(), ...before]);
      }
    };
    const run = async (work: () => Promise<void>) => {
      let pause = POLL_MS;
      try {
        await work();
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Problem) {
          setProblem(error);
          pause = Math.max(pause, (error.retryAfter ?? 0) * 1_000);
        } else throw error;
      }
      timer = setTimeout(() => run(latest.current === 0 ? load : poll), pause);
    };
    void run(load);
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [wanted, turn]);

  const more = async () => {
    const page = await eventsBefore(filter, {
      before: reached,
      count: COUNT,
      signal: AbortSignal.timeout(60_000),
    });
    setItems((before) => [...(before ?? []), ...page.items]);
    setReached(page.from);
    return `${page.items.length} more events`;
  };
  const go = (changes: Record<string, string | undefined>) =>
    route(linkTo("/events", { ...query, before: undefined, ...changes }));

  return (
    <Page
      title="Events"
      actions={
        <Action run={() => exportEvents(filter)}>
          Export {isFiltered ? "what is filtered" : "all"} as NDJSON
        </Action>
      }
    >
      <Filters query={query} go={go} />
      {problem && problem.status !== 401 && (
        <ProblemBanner problem={problem} retry={() => setTurn((now) => now + 1)} />
      )}
      {fresh.length > 0 && (
        <button
          type="button"
          class="main"
          onClick={() => {
            setItems((before) => [...fresh, ...(before ?? [])]);
            setFresh([]);
          }}
        >
          {fresh.length} new
        </button>
      )}
      {items === undefined && !problem && <Skeleton />}
      {items?.length === 0 && <Empty isFiltered={isFiltered} head={head} reached={reached} />}
      {items && items.length > 0 && (
        <div class="card scroll">
          <table>
            <caption class="visually-hidden">Events, newest first</caption>
            <thead>
              <tr>
                <th class="number" scope="col">
                  Seq
                </th>
                <th scope="col">Received</th>
                <th scope="col">Event</th>
                <th scope="col">From</th>
                <th scope="col">About</th>
              </tr>
            </thead>
            <tbody ref={rows}>
              {items.map((event) => (
                <tr key={event.seq}>
                  <td class="number">
                    <EventLink id={event.id}>{event.seq}</EventLink>
                  </td>
                  <td>
                    <When at={event.receivedAt} />
                  </td>
                  <td>{TYPES[event.type]}</td>
                  <td>
                    <span class="badge">{ORIGINS[event.origin]}</span>
                  </td>
                  <td>
                    {event.erased ? (
                      <span class="quiet">erased</span>
                    ) : (
                      <>
                        <ChatLink id={event.chatId} />
                        <TicketLink id={event.ticketId} />
                        {event.unreadable && <span class="quiet"> content cannot be read</span>}
                      </>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {items && reached > 1 && (
        <Action run={more}>{items.length === 0 ? "Look further back" : "Older events"}</Action>
      )}
    </Page>
  );
}

function filterOf(query: Record<string, string>): EventFilter {
  const { type, chat, ticket, from, to } = query;
  return {
    type: type && type in TYPES ? (type as LoggedEvent["type"]) : undefined,
    chat_id: chat || undefined,
    ticket_id: ticket || undefined,
    from: from || undefined,
    to: to || undefined,
  };
}

type FiltersProps = { query: Record<string, string>; go(changes: Record<string, string | undefined>): void };

function Filters({ query, go }: FiltersProps) {
  return (
    <form
      class="filters"
      onSubmit={(event) => {
        event.preventDefault();
        const form = new FormData(event.currentTarget);
        const read = (name: string) => String(form.get(name) ?? "").trim() || undefined;
        const time = (name: string) => {
          const value = read(name);
          return value && new Date(value).toISOString();
        };
        go({
          type: read("type"),
          chat: read("chat"),
          ticket: read("ticket"),
          from: time("from"),
          to: time("to"),
        });
      }}
    >
      <label>
        Event
        <select
          name="type"
          value={query.type ?? ""}
          onChange={(event) => event.currentTarget.form?.requestSubmit()}
        >
          <option value="">All</option>
          {Object.entries(TYPES).map(([type, name]) => (
            <option key={type} value={type}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        Chat
        <input name="chat" value={query.chat ?? ""} size={12} autocomplete="off" />
      </label>
      <label>
        Ticket
        <input name="ticket" value={query.ticket ?? ""} size={10} autocomplete="off" />
      </label>
      <label>
        Received from
        <input name="from" type="datetime-local" value={toLocal(query.from)} />
      </label>
      <label>
        until
        <input name="to" type="datetime-local" value={toLocal(query.to)} />
      </label>
      <button type="submit">Filter</button>
      {Object.keys(query).length > 0 && (
        <a class="button" href={linkTo("/events")}>
          Clear
        </a>
      )}
    </form>
  );
}

/** As a field for date and time has it: local, without a zone. */
function toLocal(iso: string | undefined): string {
  if (!iso || Number.isNaN(Date.parse(iso))) return "";
  const date = new Date(iso);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function Empty({ isFiltered, head, reached }: { isFiltered: boolean; head: number; reached: number }) {
  if (head === 0) {
    return (
      <div class="card empty">
        <p>The log is empty. An event appears here when a chat starts or ends, or a ticket is created.</p>
        <p>
          Locally, <code>npm run demo</code> makes some.
        </p>
      </div>
    );
  }
  return (
    <div class="card empty">
      <p>
        {isFiltered ? `None of the events from ${reached} to ${head} matches.` : `No events up to ${head}.`}{" "}
        <a href={linkTo("/events")}>Clear the filters</a>
      </p>
    </div>
  );
}

async function exportEvents(filter: EventFilter): Promise<string> {
  const response = await send("ListEvents", { query: { ...filter, format: "ndjson" } });
  const blob = await response.blob();
  download(blob, "events.ndjson");
  const more = response.headers.get("link")?.includes("next");
  return more
    ? "The first part is saved. The log is larger: use the API for the rest."
    : "Saved as events.ndjson";
}

export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
