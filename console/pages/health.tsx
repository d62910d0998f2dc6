import { plural } from "../../shared/core/text.ts";
import { call } from "../api.ts";
import type { OutputOf } from "../calls.ts";
import { Action } from "../parts/action.tsx";
import { TYPES } from "../parts/events.ts";
import { linkTo } from "../parts/links.tsx";
import { Show } from "../parts/loaded.tsx";
import { Page } from "../parts/page.tsx";
import { State } from "../parts/state.tsx";
import { Table } from "../parts/table.tsx";
import { useCall } from "../parts/use-call.ts";
import { Sentence, When } from "../parts/when.tsx";

type Status = OutputOf<"GetStatus">;
export type Check = Status["checks"][number];

/** The states of checks, the most urgent first. */
const WORST_FIRST: readonly Check["state"][] = ["bad", "attention", "unknown", "ok"];

export function worstFirst(checks: readonly Check[]): Check[] {
  return checks.toSorted((a, b) => WORST_FIRST.indexOf(a.state) - WORST_FIRST.indexOf(b.state));
}

/** True when the app reconciles chats, as it does on the Text platform. */
export function hasChatRuns({ checks }: Status): boolean {
  return checks.some(({ name }) => name === "reconcile.chats");
}

/** The page that shows the cause of a check. The default is Health. */
export const CAUSE_PAGES: Record<string, string> = {
  subscriptions: "/subscriptions",
  reconcile: "/reconciliation",
  "reconcile.chats": "/reconciliation",
  quarantine: "/quarantine",
};

export default function Health() {
  const status = useCall("GetStatus", {}, { everyMs: 60_000 });
  return (
    <Page title="Health">
      <Show of={status}>
        {({ checks }) => (
          <section class="card">
            <h2>Checks</h2>
            <Checks checks={checks} />
          </section>
        )}
      </Show>
      <Registration onChange={status.reload} />
      {status.body && (
        <>
          <Settings settings={status.body.settings} />
          <section class="card">
            <h2>Version</h2>
            <p>
              {status.body.version}, built from commit <code>{status.body.commit}</code>
            </p>
          </section>
        </>
      )}
    </Page>
  );
}

function Checks({ checks }: { checks: readonly Check[] }) {
  return (
    <Table caption="Checks, the worst first" heads={["State", "Check", "Finding", "Since"]}>
      {worstFirst(checks).map(({ name, state, detail, action, since }) => (
        <tr key={name}>
          <td>
            <State kind={state} />
          </td>
          <th scope="row">{name}</th>
          <td>
            <Sentence text={detail} />
            {state !== "ok" && (
              <>
                <br />
                <strong>
                  <Sentence text={action} />
                </strong>{" "}
                {CAUSE_PAGES[name] && <a href={linkTo(CAUSE_PAGES[name])}>Show the cause</a>}
              </>
            )}
          </td>
          <td>
            <When at={since} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

function Registration({ onChange }: { onChange(): void }) {
  const registration = useCall("GetRegistration", {});
  return (
    <section class="card">
      <div class="page-head">
        <h2>Webhooks at LiveChat</h2>
        <Action
          run={async () => {
            const { created, removed } = await call("EnsureRegistration", {});
            registration.reload();
            onChange();
            return `Registered ${plural(created, "webhook")}, removed ${removed}`;
          }}
        >
          Register the webhooks now
        </Action>
      </div>
      <Show of={registration}>
        {({ registrations }) => (
          <Table caption="Registrations" heads={["Event", "State", "Detail", "Last delivery"]}>
            {registrations.map(({ event_type, state, detail, lastDelivery }) => (
              <tr key={event_type}>
                <th scope="row">
                  {event_type in TYPES ? TYPES[event_type as keyof typeof TYPES] : event_type}
                </th>
                <td>
                  <State kind={state === "ok" || state === "unverified" ? "ok" : "bad"}>{state}</State>
                </td>
                <td>
                  <Sentence text={detail} />
                </td>
                <td>{lastDelivery ? <When at={lastDelivery} /> : "none yet"}</td>
              </tr>
            ))}
          </Table>
        )}
      </Show>
    </section>
  );
}

function Settings({ settings }: { settings: Status["settings"] }) {
  return (
    <section class="card">
      <h2>Settings</h2>
      <p class="quiet">Values are not shown. A setting that is not set has its default, or is not needed.</p>
      <ul class="columns">
        {settings.map(({ name, set }) => (
          <li key={name}>
            <code>{name}</code> {set ? <State kind="ok">set</State> : <span class="quiet">not set</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}
