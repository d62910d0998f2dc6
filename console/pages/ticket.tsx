import { EventLink, linkTo } from "../parts/links.tsx";
import { Show } from "../parts/loaded.tsx";
import { Page } from "../parts/page.tsx";
import { Text } from "../parts/text.tsx";
import { Long, Tree } from "../parts/tree.tsx";
import { useCall } from "../parts/use-call.ts";
import { When } from "../parts/when.tsx";

export default function TicketPage({ id }: { id: string }) {
  const stored = useCall("GetStoredTicket", { path: { ticketId: id } });
  const created = useCall("ListEvents", { query: { ticket_id: id, limit: "10" } });
  const event = created.body?.items[0];
  return (
    <Page title="Ticket">
      <Show of={stored}>
        {(ticket) => (
          <>
            {ticket.deletedAt && (
              <p class="banner attention">
                This ticket is gone from LiveChat. The last reading that showed so was{" "}
                <When at={ticket.deletedAt} />.
              </p>
            )}
            <section class="card">
              <h2>
                <Text value={ticket.subject || "(no subject)"} />
              </h2>
              <dl class="facts">
                <dt>Id</dt>
                <dd class="mono">{ticket.id}</dd>
                <dt>Status</dt>
                <dd>{ticket.status}</dd>
                <dt>Requester</dt>
                <dd>
                  <Text value={[ticket.requester?.name, ticket.requester?.mail].filter(Boolean).join(", ")} />
                </dd>
                <dt>Assignee</dt>
                <dd>
                  <Text value={ticket.assignee?.name ?? ticket.assignee?.id ?? "none"} />
                </dd>
                <dt>In the log</dt>
                <dd>
                  {event ? (
                    <>
                      <EventLink id={event.id}>place {event.seq}</EventLink>, found by{" "}
                      {event.origin === "webhook" ? "webhook" : "reconciliation"}
                    </>
                  ) : (
                    <a href={linkTo("/events", { ticket: id })}>no event: it was there before the app</a>
                  )}
                </dd>
              </dl>
            </section>
            <section class="card">
              <h2>History</h2>
              <ol class="conversation">
                {(ticket.events ?? []).map((entry, index) => (
                  <li class={`message ${entry.author?.type ?? ""}`} key={index}>
                    <header>
                      <Text value={entry.author?.name ?? entry.author?.id ?? "LiveChat"} /> · {entry.type}
                      {entry.date && (
                        <>
                          {" · "}
                          <When at={entry.date} />
                        </>
                      )}
                    </header>
                    {entry.message && <Long value={entry.message} />}
                  </li>
                ))}
              </ol>
            </section>
            <section class="card">
              <h2>All fields</h2>
              <Tree value={ticket} />
            </section>
          </>
        )}
      </Show>
    </Page>
  );
}
