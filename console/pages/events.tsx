import { useRef } from "preact/hooks";
import { useLocation } from "preact-iso";
import { call, send } from "../api.ts";
import { Action } from "../parts/action.tsx";
import { readField } from "../parts/dialog.tsx";
import { download } from "../parts/download.ts";
import {
  type EventFilter,
  eventsBefore,
  LISTED_BYTES,
  type LoggedEvent,
  longCall,
  ORIGINS,
  readHead,
  subjectOf,
  TYPES,
} from "../parts/events.ts";
import { Filters } from "../parts/filters.tsx";
import { Jump } from "../parts/jump.tsx";
import { ChatLink, EventLink, linkTo, TicketLink } from "../parts/links.tsx";
import { List } from "../parts/list.tsx";
import { fromLocal, toLocal } from "../parts/local-time.ts";
import { Page } from "../parts/page.tsx";
import { Text } from "../parts/text.tsx";
import { usePages } from "../parts/use-pages.ts";
import { When } from "../parts/when.tsx";

const PAGE_SIZE = 50;

export default function Events() {
  const { query, route } = useLocation();
  const filter = filterOf(query);
  const active = Object.values(filter).filter((value) => value !== undefined).length;
  const place = Number(query.before) || undefined;
  /** The last place that was read. A poll continues after it. */
  const seen = useRef(0);
  const events = usePages<LoggedEvent, number>({
    wanted: JSON.stringify(["events", filter, place]),
    keyOf: ({ seq }) => seq,
    async first(signal) {
      seen.current = await readHead(signal);
      const before = Math.min(place ?? Number.POSITIVE_INFINITY, seen.current + 1);
      return eventsBefore(filter, { before, count: PAGE_SIZE, signal });
    },
    older: (before) => eventsBefore(filter, { before, count: PAGE_SIZE, signal: longCall() }),
    async newer(signal) {
      const after = String(seen.current);
      const { items, next } = await call(
        "ListEvents",
        { query: { ...filter, after, limit: "100", max_payload: LISTED_BYTES } },
        { signal },
      );
      seen.current = next;
      return items.toReversed();
    },
    // A list of the past gets no new events.
    ...(place === undefined && { everyMs: 15_000 }),
  });
  const go = (changes: Record<string, string | number | undefined>) =>
    route(linkTo("/events", { ...query, before: undefined, ...changes }));

  return (
    <Page
      title="Events"
      actions={
        <Action run={() => exportEvents(filter)}>Export {active > 0 ? "the filtered events" : "all"}</Action>
      }
    >
      <Filters key={JSON.stringify(query)} active={active}>
        <Fields query={query} go={go} />
        <Jump go={(place) => go({ before: place + PAGE_SIZE / 2 })} />
      </Filters>
      {place !== undefined && (
        <p>
          Events before place {place}.{" "}
          <a href={linkTo("/events", { ...query, before: undefined })}>Show the newest</a>
        </p>
      )}
      <List
        of={events}
        name="events"
        caption="Events, newest first"
        heads={[{ number: "Place" }, "Received", "Event", "From", "About"]}
        row={(event) => <Row key={event.seq} event={event} />}
        empty={<Empty hasOthers={seen.current > 0} />}
      />
    </Page>
  );
}

function Row({ event }: { event: LoggedEvent }) {
  const { id, seq, receivedAt, type, origin, erased, unreadable, omitted, chatId, ticketId } = event;
  return (
    <tr>
      <td class="number">
        <EventLink id={id}>{seq}</EventLink>
      </td>
      <td>
        <When at={receivedAt} />
      </td>
      <td class="nowrap">{TYPES[type]}</td>
      <td>
        <span class="badge">{ORIGINS[origin]}</span>
      </td>
      <td>
        {erased ? (
          <span class="quiet">erased</span>
        ) : (
          <>
            <ChatLink id={chatId} />
            <TicketLink id={ticketId} /> <Text value={subjectOf(event)} />
            {unreadable && <span class="quiet"> content cannot be read</span>}
            {omitted && <span class="quiet">too large for this list: click its place to open it</span>}
          </>
        )}
      </td>
    </tr>
  );
}

function filterOf({ type, chat, ticket, from, to }: Record<string, string>): EventFilter {
  return {
    type: type && type in TYPES ? (type as LoggedEvent["type"]) : undefined,
    chat_id: chat || undefined,
    ticket_id: ticket || undefined,
    from: from || undefined,
    to: to || undefined,
  };
}

type FieldsProps = {
  query: Record<string, string>;
  go(changes: Record<string, string | number | undefined>): void;
};

/** Fields for the filters. They start with the filters of the page's address, and keep typed text while the list polls. */
function Fields({ query, go }: FieldsProps) {
  return (
    <form
      class="filters"
      onSubmit={(event) => {
        event.preventDefault();
        const form = event.currentTarget;
        go({
          type: readField(form, "type"),
          chat: readField(form, "chat"),
          ticket: readField(form, "ticket"),
          from: fromLocal(readField(form, "from")),
          to: fromLocal(readField(form, "to")),
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
        <input name="chat" defaultValue={query.chat ?? ""} size={12} autocomplete="off" />
      </label>
      <label>
        Ticket
        <input name="ticket" defaultValue={query.ticket ?? ""} size={10} autocomplete="off" />
      </label>
      <label>
        Received from
        <input name="from" type="datetime-local" defaultValue={toLocal(query.from)} />
      </label>
      <label>
        Received until
        <input name="to" type="datetime-local" defaultValue={toLocal(query.to)} />
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

function Empty({ hasOthers }: { hasOthers: boolean }) {
  if (hasOthers) {
    return (
      <p>
        No event matches the filters. <a href={linkTo("/events")}>Clear the filters</a>
      </p>
    );
  }
  return (
    <>
      <p>The log is empty. An event appears here when a chat starts or ends, or a ticket is created.</p>
      <p>
        Locally, <code>npm run demo</code> creates some.
      </p>
    </>
  );
}

/** Saves all matching events of the log as one file. */
async function exportEvents(filter: EventFilter): Promise<string> {
  const parts: Blob[] = [];
  for (let after: string | null | undefined; after !== null; ) {
    const query = { ...filter, format: "ndjson", ...(after && { after }) };
    const response = await send("ListEvents", { query });
    parts.push(await response.blob());
    const next = /<([^>]+)>; *rel="?next/.exec(response.headers.get("link") ?? "")?.[1];
    after = next ? new URL(next, location.href).searchParams.get("after") : null;
  }
  download(new Blob(parts, { type: "application/x-ndjson" }), "events.ndjson");
  return "Saved as events.ndjson";
}
