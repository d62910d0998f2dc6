import { useMemo } from "preact/hooks";
import { lazy } from "preact-iso";
import { call } from "../api.ts";
import type { OutputOf } from "../calls.ts";
import { Action } from "../parts/act.tsx";
import { Show } from "../parts/loaded.tsx";
import { Page } from "../parts/page.tsx";
import { State } from "../parts/state.tsx";
import { Table } from "../parts/table.tsx";
import { useCall } from "../parts/use-call.ts";
import { toSpan, When } from "../parts/when.tsx";
import { isText } from "./health.tsx";

const Chart = lazy(() => import("../parts/chart.tsx"));
type Run = OutputOf<"ListReconcileRuns">["runs"][number];

export const OUTCOMES: Record<Run["outcome"], string> = {
  completed: "ok",
  stopped: "ok",
  throttled: "attention",
  failed: "bad",
  died: "bad",
};

export default function Reconciliation() {
  const history = useCall("ListReconcileRuns", { query: { limit: "100" } }, { everyMs: 60_000 });
  const status = useCall("GetStatus", {});
  return (
    <Page
      title="Reconciliation"
      actions={
        <>
          {status.body && isText(status.body) && (
            <Action
              run={async () => {
                const { outcome, recovered, unchanged } = await call("ReconcileChats", {});
                return `Chats, ${outcome}: ${recovered} recovered, ${unchanged} were in the log`;
              }}
            >
              Run for chats now
            </Action>
          )}
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
        </>
      }
    >
      <p class="quiet">
        Reads the account's tickets again and puts those into the log that no webhook reported.
      </p>
      <Show of={history}>
        {({ runs, progress, odd }) => (
          <>
            {progress && (
              <p class="banner">
                A {progress.mode} walk is at page {progress.page} of {progress.pages}
                {progress.expectedEnd && (
                  <>
                    , and ends <When at={progress.expectedEnd} />
                  </>
                )}
                .
              </p>
            )}
            {odd.length > 0 && (
              <p class="banner attention">
                {odd.length} stored tickets do not fit the schema: {odd.slice(0, 10).join(", ")}
              </p>
            )}
            {runs.length === 0 ? (
              <p class="card empty">No run yet. The timer starts one every five minutes.</p>
            ) : (
              <Runs runs={runs} />
            )}
          </>
        )}
      </Show>
    </Page>
  );
}

function Runs({ runs }: { runs: readonly Run[] }) {
  const { times, series } = useMemo(() => {
    const inOrder = runs.toReversed();
    const seconds = (ms: number) => ms / 1_000;
    return {
      times: inOrder.map(({ startedAt }) => Date.parse(startedAt) / 1_000),
      series: [
        {
          name: "at work",
          colour: "#3f8fd9",
          values: inOrder.map((run) => seconds(run.durationMs - run.throttledMs)),
        },
        {
          name: "waiting for LiveChat's rate limit",
          colour: "#c9822b",
          values: inOrder.map((run) => seconds(run.throttledMs)),
        },
      ],
    };
  }, [runs]);
  return (
    <>
      <section class="card">
        <h2>Seconds that each run took</h2>
        <Chart
          times={times}
          series={series}
          label={`Duration of the last ${runs.length} runs. The table below has each of them.`}
        />
      </section>
      <div class="card">
        <Table
          caption="Runs, the latest first"
          heads={[
            "Started",
            "Outcome",
            "Mode",
            { number: "Took" },
            { number: "Calls" },
            { number: "Pages" },
            { number: "Added" },
            { number: "Changed" },
            { number: "Recovered" },
            { number: "Deleted" },
          ]}
        >
          {runs.map((run) => (
            <tr key={run.number}>
              <td>
                <When at={run.startedAt} />
              </td>
              <td>
                <State kind={OUTCOMES[run.outcome]}>{run.outcome}</State>
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
        </Table>
      </div>
    </>
  );
}
