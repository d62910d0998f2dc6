import { call } from "../api.ts";
import type { OutputOf } from "../calls.ts";
import { Action } from "../parts/act.tsx";
import { Show } from "../parts/loaded.tsx";
import { Page } from "../parts/page.tsx";
import { State } from "../parts/state.tsx";
import { useCall } from "../parts/use-call.ts";
import { When } from "../parts/when.tsx";

export type Check = OutputOf<"GetStatus">["checks"][number];

/** From the state that needs a person most to the one that needs nobody. */
export const WORST_FIRST: readonly Check["state"][] = ["bad", "attention", "unknown", "ok"];

export default function Health() {
  const status = useCall("GetStatus", {}, { everyMs: 60_000 });
  const registration = useCall("GetRegistration", {});
  return (
    <Page title="Health">
      <Show of={status}>
        {({ version, commit, checks }) => (
          <>
            <section class="card">
              <h2>Checks</h2>
              <Checks checks={checks} />
            </section>
            <section class="card">
              <h2>Version</h2>
              <p>
                {version}, built from commit <code>{commit}</code>
              </p>
            </section>
          </>
        )}
      </Show>
      <section class="card">
        <div class="page-head">
          <h2>Webhooks at LiveChat</h2>
          <Action
            run={async () => {
              const { created, removed } = await call("EnsureRegistration", {});
              registration.reload();
              status.reload();
              return `Registered ${created}, removed ${removed}`;
            }}
          >
            Register them now
          </Action>
        </div>
        <Show of={registration}>
          {({ registrations }) => (
            <div class="scroll">
              <table>
                <thead>
                  <tr>
                    <th scope="col">Event</th>
                    <th scope="col">State</th>
                    <th scope="col">Detail</th>
                    <th scope="col">Last delivery</th>
                  </tr>
                </thead>
                <tbody>
                  {registrations.map(({ event_type, state, detail, lastDelivery }) => (
                    <tr key={event_type}>
                      <td>{event_type}</td>
                      <td>
                        <State kind={state === "ok" || state === "unverified" ? "ok" : "bad"}>{state}</State>
                      </td>
                      <td>{detail}</td>
                      <td>{lastDelivery ? <When at={lastDelivery} /> : "none yet"}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </Show>
      </section>
    </Page>
  );
}

function Checks({ checks }: { checks: readonly Check[] }) {
  const sorted = checks.toSorted((a, b) => WORST_FIRST.indexOf(a.state) - WORST_FIRST.indexOf(b.state));
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">Check</th>
            <th scope="col">Found</th>
            <th scope="col">Since</th>
          </tr>
        </thead>
        <tbody>
          {sorted.map(({ name, state, detail, action, since }) => (
            <tr key={name}>
              <td>
                <State kind={state} />
              </td>
              <th scope="row">{name}</th>
              <td>
                {detail}
                {state !== "ok" && (
                  <>
                    <br />
                    <strong>{action}</strong>
                  </>
                )}
              </td>
              <td>
                <When at={since} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
