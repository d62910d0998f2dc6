import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { lazy } from "preact-iso";
import { call } from "../api.ts";
import type { OutputOf } from "../calls.ts";
import { Action } from "../parts/act.tsx";
import { TicketLink } from "../parts/links.tsx";
import { Show } from "../parts/loaded.tsx";
import { Page } from "../parts/page.tsx";
import { State } from "../parts/state.tsx";
import { type Head, Table } from "../parts/table.tsx";
import { useCall } from "../parts/use-call.ts";
import { toSpan, When } from "../parts/when.tsx";
import { hasChatRuns } from "./health.tsx";

const Chart = lazy(() => import("../parts/chart.tsx"));
type TicketRun = OutputOf<"ListReconcileRuns">["runs"][number];
type ChatRun = OutputOf<"ListChatRuns">["runs"][number];

export const OUTCOMES: Record<TicketRun["outcome"], string> = {
  completed: "ok",
  stopped: "ok",
  throttled: "attention",
  failed: "bad",
  died: "bad",
};
const ALL = { query: { limit: "100" } } as const;
const MINUTE = 60_000;

export default function Reconciliation() {
  const status = useCall("GetStatus", {});
  return (
    <Page title="Reconciliation">
      {status.body && hasChatRuns(status.body) && <Chats />}
      <Tickets />
    </Page>
  );
}

function Tickets() {
  const history = useCall("ListReconcileRuns", ALL, { everyMs: MINUTE });
  return (
    <Section
      title="Tickets"
      purpose="Reads the account's tickets again, updates the stored ones, and adds events for tickets that no webhook reported."
      run={async () => {
        const { outcome, added, changed, recovered, deleted } = await call("ReconcileTickets", {});
        history.reload();
        return `${outcome}: ${added} added, ${changed} changed, ${recovered} recovered, ${deleted} deleted`;
      }}
    >
      <Show of={history}>
        {({ runs, progress, odd }) => (
          <>
            {progress && (
              <Progress startedAt={progress.startedAt}>
                A reading of {progress.mode === "incremental" ? "what changed" : "all tickets"} is at page{" "}
                {progress.page} of {progress.pages}
                {progress.expectedEnd && (
                  <>
                    , and will end <When at={progress.expectedEnd} />
                  </>
                )}
              </Progress>
            )}
            {odd.length > 0 && (
              <p class="banner attention">
                Stored tickets that do not fit the schema:{" "}
                {odd.slice(0, 10).map((id) => (
                  <span key={id}>
                    <TicketLink id={id} />{" "}
                  </span>
                ))}
                {odd.length > 10 && `and ${odd.length - 10} more`}
              </p>
            )}
            <Runs
              of="tickets"
              runs={runs}
              every="five minutes"
              counts={{ Added: "added", Changed: "changed", Recovered: "recovered", Deleted: "deleted" }}
            />
          </>
        )}
      </Show>
    </Section>
  );
}

function Chats() {
  const history = useCall("ListChatRuns", ALL, { everyMs: MINUTE });
  return (
    <Section
      title="Chats"
      purpose="Reads the account's chats again, and adds events for starts and ends that no webhook reported."
      run={async () => {
        const { outcome, recovered, unchanged } = await call("ReconcileChats", {});
        history.reload();
        return `${outcome}: ${recovered} recovered, ${unchanged} were complete in the log`;
      }}
    >
      <Show of={history}>
        {({ runs, progress }) => (
          <>
            {progress && (
              <Progress startedAt={progress.startedAt}>A reading is at page {progress.page}</Progress>
            )}
            <Runs
              of="chats"
              runs={runs}
              every="15 minutes"
              counts={{ Recovered: "recovered", Complete: "unchanged" }}
            />
          </>
        )}
      </Show>
    </Section>
  );
}

type SectionProps = {
  title: string;
  purpose: string;
  run(): Promise<string>;
  children: ComponentChildren;
};

function Section({ title, purpose, run, children }: SectionProps) {
  return (
    <section class="part">
      <div class="page-head">
        <h2>{title}</h2>
        <Action class="main" run={run}>
          Run for {title.toLowerCase()} now
        </Action>
      </div>
      <p class="quiet">{purpose}</p>
      {children}
    </section>
  );
}

/** A reading that goes on over several runs. */
function Progress({ startedAt, children }: { startedAt: string; children: ComponentChildren }) {
  return (
    <p class="banner">
      {children}. It started <When at={startedAt} />.
    </p>
  );
}

type Keys<Run> = { [Key in keyof Run]: Run[Key] extends number ? Key : never }[keyof Run];
type RunsProps<Run extends TicketRun | ChatRun> = {
  /** A name for the items that are read, in the plural and small letters. */
  of: string;
  runs: readonly Run[];
  /** How often the timer starts a run, in words. */
  every: string;
  /** Columns of the table, by their heading. */
  counts: Record<string, Keys<Run>>;
};

/** The runs over time: a chart of their duration, and a table. */
function Runs<Run extends TicketRun | ChatRun>({ of, runs, every, counts }: RunsProps<Run>) {
  const { times, series } = useMemo(() => durationsOf(runs), [runs]);
  if (runs.length === 0)
    return <p class="card empty">No run yet. By default the timer starts one every {every}.</p>;
  const heads: Head[] = [
    "Started",
    "Outcome",
    ...("mode" in (runs[0] ?? {}) ? ["Read"] : []),
    ...["Took", "Calls", ...Object.keys(counts)].map((number) => ({ number })),
  ];
  return (
    <>
      <section class="card">
        <h3>Seconds that each run took</h3>
        <Chart
          times={times}
          series={series}
          unit=" s"
          label={`Duration of the last ${runs.length} runs for ${of}. The table below has each of them.`}
        />
      </section>
      <div class="card">
        <Table caption={`Runs for ${of}, the latest first`} heads={heads}>
          {runs.map((run) => (
            <tr key={run.number}>
              <td>
                <When at={run.startedAt} />
              </td>
              <td>
                <State kind={OUTCOMES[run.outcome]}>{run.outcome}</State>
                {run.reason && <p class="quiet">{run.reason}</p>}
              </td>
              {"mode" in run && <td>{MODES[run.mode]}</td>}
              <td class="number">{toSpan(run.durationMs)}</td>
              <td class="number">{run.calls}</td>
              {Object.entries(counts).map(([head, key]) => (
                <td class="number" key={head}>
                  {String(run[key])}
                </td>
              ))}
            </tr>
          ))}
        </Table>
      </div>
    </>
  );
}

const MODES: Record<TicketRun["mode"], string> = {
  first: "all, for the first time",
  incremental: "what changed",
  sweep: "all",
};

function durationsOf(runs: readonly Pick<TicketRun, "startedAt" | "durationMs" | "throttledMs">[]) {
  const inOrder = runs.toReversed();
  const seconds = (ms: number) => ms / 1_000;
  return {
    times: inOrder.map(({ startedAt }) => Date.parse(startedAt)),
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
}
