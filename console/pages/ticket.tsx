import { Fact, Facts } from "../parts/facts.tsx";
import { FoundBy } from "../parts/found-by.tsx";
import { Show } from "../parts/loaded.tsx";
import { Page } from "../parts/page.tsx";
import { Slices } from "../parts/slices.tsx";
import { Tags } from "../parts/tags.tsx";
import { Text } from "../parts/text.tsx";
import { Long, Tree } from "../parts/tree.tsx";
import { useCall } from "../parts/use-call.ts";
import { When } from "../parts/when.tsx";

export default function TicketPage({ id }: { id: string }) {
  const stored = useCall("GetStoredTicket", { path: { ticketId: id } });
  return (
    <Page title="Ticket">
      <Show of={stored}>
        {(ticket) => (
          <>
            {ticket.deletedAt && (
              <p class="banner attention">
                This ticket is gone from LiveChat. The reconciliation noticed this{" "}
                <When at={ticket.deletedAt} />.
              </p>
            )}
            <section class="card">
              <h2>
                <Text value={ticket.subject || "(no subject)"} />
              </h2>
              <Facts>
                <Fact name="Id">
                  <Text value={ticket.id} />
                </Fact>
                <Fact name="Status">{ticket.status}</Fact>
                <Fact name="Requester">
                  <Text
                    value={
                      [ticket.requester?.name, ticket.requester?.mail].filter(Boolean).join(", ") || "unknown"
                    }
                  />
                </Fact>
                <Fact name="Assignee">
                  <Text value={ticket.assignee?.name ?? ticket.assignee?.id ?? "none"} />
                </Fact>
                <Fact name="Tags">{ticket.tags && ticket.tags.length > 0 && <Tags of={ticket.tags} />}</Fact>
                <Fact name="Modified">{ticket.modified && <When at={ticket.modified} />}</Fact>
                <Fact name="Found by">
                  <FoundBy ticketId={id} />
                </Fact>
              </Facts>
            </section>
            <section class="card">
              <h2>History</h2>
              <ol class="conversation">
                <Slices of={ticket.events ?? []} step={200}>
                  {(entry, index) => (
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
                  )}
                </Slices>
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
