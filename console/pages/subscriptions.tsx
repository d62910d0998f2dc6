import { Show } from "../parts/loaded.tsx";
import { Outcome } from "../parts/outcome.tsx";
import { Page } from "../parts/page.tsx";
import { State } from "../parts/state.tsx";
import { STATES, SubscriptionLink, wordsOf } from "../parts/subscriptions.tsx";
import { Table } from "../parts/table.tsx";
import { useCall } from "../parts/use-call.ts";
import { When } from "../parts/when.tsx";

export default function Subscriptions() {
  const subscriptions = useCall("ListSubscriptions", {}, { everyMs: 15_000 });
  return (
    <Page title="Subscriptions">
      <Show of={subscriptions}>
        {({ items }) =>
          items.length === 0 ? (
            <div class="card empty">
              <p>There are no subscriptions. A flow creates one when it is turned on.</p>
              <p>
                Your own program creates one with <code>POST /api/subscriptions</code>.
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
                  "Created",
                ]}
              >
                {items.map((one) => (
                  <tr key={one.id}>
                    <td>
                      <SubscriptionLink {...one} />
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
                          <Outcome status={one.lastAnswer.status} error={one.lastAnswer.failure} />{" "}
                          <When at={one.lastAnswer.at} />
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
