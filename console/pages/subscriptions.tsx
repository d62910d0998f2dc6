import type { OutputOf } from "../calls.ts";
import { linkTo } from "../parts/links.tsx";
import { Show } from "../parts/loaded.tsx";
import { Page } from "../parts/page.tsx";
import { State } from "../parts/state.tsx";
import { Table } from "../parts/table.tsx";
import { useCall } from "../parts/use-call.ts";
import { When } from "../parts/when.tsx";

export type Subscription = OutputOf<"ListSubscriptions">["items"][number];

export const STATES = {
  active: { kind: "ok", words: "active" },
  retrying: { kind: "attention", words: "retrying" },
  given_up: { kind: "bad", words: "given up" },
} as const satisfies Record<Subscription["state"], { kind: string; words: string }>;

export default function Subscriptions() {
  const subscriptions = useCall("ListSubscriptions", {}, { everyMs: 15_000 });
  return (
    <Page title="Subscriptions">
      <Show of={subscriptions}>
        {({ items }) =>
          items.length === 0 ? (
            <div class="card empty">
              <p>No subscription. A flow makes one when it is turned on.</p>
              <p>
                Your own program makes one with <code>POST /api/subscriptions</code>.
              </p>
            </div>
          ) : (
            <div class="card">
              <Table
                caption="Subscriptions"
                heads={[
                  "Callback",
                  "Events",
                  "State",
                  { number: "Behind" },
                  { number: "Parked" },
                  "Last answer",
                  "Since",
                ]}
              >
                {items.map((one) => (
                  <tr key={one.id}>
                    <td>
                      <a href={linkTo(`/subscriptions/${one.id}`)}>{one.callback}</a>
                    </td>
                    <td>{wordsOf(one)}</td>
                    <td>
                      <State kind={STATES[one.state].kind}>{STATES[one.state].words}</State>
                    </td>
                    <td class="number">{one.lag}</td>
                    <td class="number">{one.parkedEvents}</td>
                    <td>
                      {one.lastAnswer ? (
                        <>
                          {one.lastAnswer.status ?? one.lastAnswer.failure} <When at={one.lastAnswer.at} />
                        </>
                      ) : (
                        "none yet"
                      )}
                    </td>
                    <td>
                      <When at={one.createdAt} />
                    </td>
                  </tr>
                ))}
              </Table>
            </div>
          )
        }
      </Show>
    </Page>
  );
}

/** The events that a subscription gets. */
export function wordsOf({ types, filter }: Pick<Subscription, "types" | "filter">): string {
  const what = types?.join(", ") ?? "all";
  return filter ? `${what}, filtered` : what;
}
