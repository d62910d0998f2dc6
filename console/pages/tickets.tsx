import { useLocation } from "preact-iso";
import { call } from "../api.ts";
import type { OutputOf } from "../calls.ts";
import { Filters } from "../parts/filters.tsx";
import { FoundBy } from "../parts/found-by.tsx";
import { linkTo, TicketLink } from "../parts/links.tsx";
import { List } from "../parts/list.tsx";
import { fromLocal, toLocal } from "../parts/local-time.ts";
import { Page } from "../parts/page.tsx";
import { Text } from "../parts/text.tsx";
import { usePages } from "../parts/use-pages.ts";
import { When } from "../parts/when.tsx";

type StoredTicket = OutputOf<"ListStoredTickets">["items"][number];
const STATUSES = ["open", "pending", "solved", "spam"] as const;
const PAGE_SIZE = "25";

export default function Tickets() {
  const { query, route } = useLocation();
  const filter = {
    status: STATUSES.find((status) => status === query.status),
    deleted: query.deleted === "true" || query.deleted === "false" ? query.deleted : undefined,
    modified_since: query.since || undefined,
  } as const;
  const tickets = usePages<StoredTicket, string>({
    wanted: JSON.stringify(["tickets", filter]),
    keyOf: ({ id }) => id,
    first: (signal) => call("ListStoredTickets", { query: { ...filter, limit: PAGE_SIZE } }, { signal }),
    older: (cursor) => call("ListStoredTickets", { query: { ...filter, limit: PAGE_SIZE, cursor } }),
    everyMs: 60_000,
  });
  const go = (changes: Record<string, string | undefined>) =>
    route(linkTo("/tickets", { ...query, ...changes }));

  return (
    <Page title="Tickets">
      <Filters active={Object.values(filter).filter((value) => value !== undefined).length}>
        <label>
          Status
          <select
            value={query.status ?? ""}
            onChange={({ currentTarget }) => go({ status: currentTarget.value })}
          >
            <option value="">All</option>
            {STATUSES.map((status) => (
              <option key={status}>{status}</option>
            ))}
          </select>
        </label>
        <label>
          In LiveChat
          <select
            value={query.deleted ?? ""}
            onChange={({ currentTarget }) => go({ deleted: currentTarget.value })}
          >
            <option value="">All</option>
            <option value="false">still there</option>
            <option value="true">gone</option>
          </select>
        </label>
        <label>
          Modified since
          <input
            type="datetime-local"
            value={toLocal(query.since)}
            onChange={({ currentTarget }) => go({ since: fromLocal(currentTarget.value) })}
          />
        </label>
        {Object.keys(query).length > 0 && (
          <a class="button" href={linkTo("/tickets")}>
            Clear
          </a>
        )}
      </Filters>
      <List
        of={tickets}
        name="tickets"
        caption="Stored tickets, last modified first"
        heads={["Ticket", "Subject", "Status", "Assignee", "Modified", "Found by"]}
        row={(ticket) => <Row key={ticket.id} ticket={ticket} />}
        empty={
          <p>
            No stored ticket matches. The reconciliation stores the account's tickets.{" "}
            <a href={linkTo("/reconciliation")}>Show its runs</a>
          </p>
        }
      />
    </Page>
  );
}

function Row({ ticket }: { ticket: StoredTicket }) {
  const { id, subject, status, assignee, modified, deletedAt } = ticket;
  return (
    <tr class={deletedAt ? "gone" : undefined}>
      <td>
        <TicketLink id={id} />
        {deletedAt && <span class="visually-hidden">, gone from LiveChat</span>}
      </td>
      <td class="cut">
        <Text value={subject ?? ""} />
      </td>
      <td>{status}</td>
      <td>{assignee && <Text value={assignee.name ?? assignee.id ?? ""} />}</td>
      <td>{modified && <When at={modified} />}</td>
      <td>
        <FoundBy ticketId={id} />
      </td>
    </tr>
  );
}
