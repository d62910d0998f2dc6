import { useEffect, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { call, Problem } from "../api.ts";
import type { OutputOf } from "../calls.ts";
import { Action } from "../parts/act.tsx";
import { linkTo, TicketLink } from "../parts/links.tsx";
import { ProblemBanner, Skeleton } from "../parts/loaded.tsx";
import { Page } from "../parts/page.tsx";
import { useRows } from "../parts/rows.tsx";
import { Text } from "../parts/text.tsx";
import { When } from "../parts/when.tsx";

type StoredTicket = OutputOf<"ListStoredTickets">["items"][number];
const STATUSES = ["open", "pending", "solved", "spam"] as const;

export default function Tickets() {
  const { query, route } = useLocation();
  const [items, setItems] = useState<StoredTicket[]>();
  const [next, setNext] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem>();
  const [turn, setTurn] = useState(0);
  const rows = useRows();
  const filter = {
    status: STATUSES.find((status) => status === query.status),
    deleted: query.deleted === "true" || query.deleted === "false" ? query.deleted : undefined,
  } as const;
  const wanted = JSON.stringify(filter);

  useEffect(() => {
    const abort = new AbortController();
    setItems(undefined);
    setProblem(undefined);
    call("ListStoredTickets", { query: { ...filter, limit: "50" } }, { signal: abort.signal }).then(
      (page) => {
        setItems(page.items);
        setNext(page.next);
      },
      (error) => {
        if (!abort.signal.aborted && error instanceof Problem) setProblem(error);
      },
    );
    return () => abort.abort();
  }, [wanted, turn]);

  const more = async () => {
    const page = await call("ListStoredTickets", { query: { ...filter, limit: "50", cursor: next ?? "" } });
    setItems((before) => [...(before ?? []), ...page.items]);
    setNext(page.next);
    return `${page.items.length} more tickets`;
  };

  return (
    <Page title="Tickets">
      <form class="filters">
        <label>
          Status
          <select
            value={query.status ?? ""}
            onChange={({ currentTarget }) =>
              route(linkTo("/tickets", { ...query, status: currentTarget.value || undefined }))
            }
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
            onChange={({ currentTarget }) =>
              route(linkTo("/tickets", { ...query, deleted: currentTarget.value || undefined }))
            }
          >
            <option value="">All</option>
            <option value="false">still there</option>
            <option value="true">gone</option>
          </select>
        </label>
      </form>
      {problem && problem.status !== 401 && (
        <ProblemBanner problem={problem} retry={() => setTurn((now) => now + 1)} />
      )}
      {items === undefined && !problem && <Skeleton />}
      {items?.length === 0 && (
        <p class="card empty">
          No stored ticket matches. The reconciliation stores the account's tickets:{" "}
          <a href={linkTo("/reconciliation")}>see its runs</a>.
        </p>
      )}
      {items && items.length > 0 && (
        <div class="card scroll">
          <table>
            <caption class="visually-hidden">Stored tickets, last modified first</caption>
            <thead>
              <tr>
                <th scope="col">Ticket</th>
                <th scope="col">Subject</th>
                <th scope="col">Status</th>
                <th scope="col">Assignee</th>
                <th scope="col">Modified</th>
              </tr>
            </thead>
            <tbody ref={rows}>
              {items.map((ticket) => (
                <tr key={ticket.id} class={ticket.deletedAt ? "gone" : undefined}>
                  <td>
                    <TicketLink id={ticket.id} />
                    {ticket.deletedAt && <span class="visually-hidden">, gone from LiveChat</span>}
                  </td>
                  <td class="cut">
                    <Text value={ticket.subject ?? ""} />
                  </td>
                  <td>{ticket.status}</td>
                  <td>
                    <Text value={ticket.assignee?.name ?? ticket.assignee?.id ?? ""} />
                  </td>
                  <td>{ticket.modified && <When at={ticket.modified} />}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {next !== null && <Action run={more}>More tickets</Action>}
    </Page>
  );
}
