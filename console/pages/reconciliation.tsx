import { call } from "../api.ts";
import { Action } from "../parts/act.tsx";
import { Show } from "../parts/loaded.tsx";
import { Page } from "../parts/page.tsx";
import { State } from "../parts/state.tsx";
import { useCall } from "../parts/use-call.ts";
import { toSpan, When } from "../parts/when.tsx";

const KINDS: Record<string, string> = {
  completed: "ok",
  stopped: "ok",
  throttled: "attention",
  failed: "bad",
  died: "bad",
};

export default function Reconciliation() {
  const history = useCall("ListReconcileRuns", {}, { everyMs: 60_000 });
  return (
    <Page
      title="Reconciliation"
      actions={
        <Action
          class="main"
          run={async () => {
            const { outcome, added, changed, recovered, deleted } = await call("ReconcileTickets", {});
            history.reload();
            return `${outcome}: ${added} added, ${changed} changed, ${recovered} recovered, ${deleted} deleted`;
          }}
        >
          Run now
        </Action>
      }
    >
      <p class="quiet">
        Reads the account's tickets again and puts those into the log that no webhook reported.
      </p>
      <Show of={history}>
        {({ runs }) =>
          runs.length === 0 ? (
            <p class="card empty">No run yet. The timer starts one every five minutes.</p>
          ) : (
            <div class="card scroll">
              <table>
                <caption class="visually-hidden">Runs, the latest first</caption>
                <thead>
                  <tr>
                    <th scope="col">Started</th>
                    <th scope="col">Outcome</th>
                    <th scope="col">Mode</th>
                    <th scope="col" class="number">
                      Took
                    </th>
                    <th scope="col" class="number">
                      Calls
                    </th>
                    <th scope="col" class="number">
                      Pages
                    </th>
                    <th scope="col" class="number">
                      Added
                    </th>
                    <th scope="col" class="number">
                      Changed
                    </th>
                    <th scope="col" class="number">
                      Recovered
                    </th>
                    <th scope="col" class="number">
                      Deleted
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {runs.map((run) => (
                    <tr key={run.number}>
                      <td>
                        <When at={run.startedAt} />
                      </td>
                      <td>
                        <State kind={KINDS[run.outcome] ?? "unknown"}>{run.outcome}</State>
                        {run.reason && <p class="quiet">{run.reason}</p>}
                      </td>
                      <td>{run.mode}</td>
                      <td class="number">{toSpan(run.durationMs)}</td>
                      <td class="number">{run.calls}</td>
                      <td class="number">{run.pages}</td>
                      <td class="number">{run.added}</td>
                      <td class="number">{run.changed}</td>
                      <td class="number">{run.recovered}</td>
                      <td class="number">{run.deleted}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Show>
    </Page>
  );
}
