import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { lazy } from "preact-iso";
import { MINUTE, SECOND } from "../../shared/core/time.ts";
import { call } from "../api.ts";
import type { OutputOf } from "../calls.ts";
import { Action } from "../parts/action.tsx";
import { TicketLink } from "../parts/links.tsx";
import { Show } from "../parts/loaded.tsx";
import { Page } from "../parts/page.tsx";
import { State } from "../parts/state.tsx";
import { type Head, Table } from "../parts/table.tsx";
import { type Loaded, useCall } from "../parts/use-call.ts";
import { toSpan, When } from "../parts/when.tsx";
import { hasChatRuns } from "./health.tsx";

const Chart = lazy(() => import("../parts/chart.tsx"));
type TicketRun = OutputOf<"ListReconcileRuns">["runs"][number];
type TicketReading = NonNullable<OutputOf<"ListReconcileRuns">["progress"]>;
type ChatRun = OutputOf<"ListChatRuns">["runs"][number];

export const OUTCOMES: Record<TicketRun["outcome"], string> = {
  completed: "ok",
  stopped: "ok",
  throttled: "attention",
  failed: "bad",
  died: "bad",
};
const LAST_RUNS = { query: { limit: "100" } } as const;

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
  const history = useCall("ListReconcileRuns", LAST_RUNS, { everyMs: MINUTE });
  const odd = history.body?.odd ?? [];
  return (
    <Runs
      of="tickets"
      purpose="Reads the account's tickets, updates the stored tickets, and adds events for tickets that no webhook reported."
      every="five minutes"
      history={history}
      counts={{ Added: "added", Changed: "changed", Recovered: "recovered", Deleted: "deleted" }}
      run={async () => {
        const { outcome, added, changed, recovered, deleted } = await call("ReconcileTickets", {});
        return `${outcome}: ${added} added, ${changed} changed, ${recovered} recovered, ${deleted} deleted`;
      }}
    >
      {odd.length > 0 && (
        <p class="banner attention">
          Stored tickets that LiveChat sent in an unexpected form:{" "}
          {odd.slice(0, 10).map((id) => (
            <span key={id}>
              <TicketLink id={id} />{" "}
            </span>
          ))}
          {odd.length > 10 && `and ${odd.length - 10} more`}
        </p>
      )}
    </Runs>
  );
}

function Chats() {
  const history = useCall("ListChatRuns", LAST_RUNS, { everyMs: MINUTE });
  return (
    <Runs
      of="chats"
      purpose="Reads the account's chats, and adds events for starts and ends that no webhook reported."
      every="15 minutes"
      history={history}
      counts={{ Recovered: "recovered", Complete: "unchanged" }}
      run={async () => {
        const { outcome, recovered, unchanged } = await call("ReconcileChats", {});
        return `${outcome}: ${recovered} recovered, ${unchanged} were complete in the log`;
      }}
    />
  );
}

type CountsOf<Run> = { [Key in keyof Run]: Run[Key] extends number ? Key : never }[keyof Run];
type RunsProps<Run extends TicketRun | ChatRun> = {
  /** The name of the items, in the plural and lower case. */
  of: string;
  purpose: string;
  /** The timer's default interval, in words. */
  every: string;
  history: Loaded<{ runs: readonly Run[]; progress?: Reading | undefined }>;
  /** Columns of the table, by their heading. */
  counts: Record<string, CountsOf<Run>>;
  /** Starts a run and returns its result in words. */
  run(): Promise<string>;
  children?: ComponentChildren;
};

/** Shows a reconciliation: the progress of its reading, a chart of the runs' durations, and a table of the runs. */
function Runs<Run extends TicketRun | ChatRun>({
  of,
  purpose,
  every,
  history,
  counts,
  run,
  children,
}: RunsProps<Run>) {
  return (
    <section class="part">
      <div class="page-head">
        <h2>{`${of.charAt(0).toUpperCase()}${of.slice(1)}`}</h2>
        <Action class="main" run={() => run().finally(history.reload)}>
          Run for {of} now
        </Action>
      </div>
      <p class="quiet">{purpose}</p>
      <Show of={history}>
        {({ runs, progress }) => (
          <>
            {progress && <Progress of={of} reading={progress} />}
            {children}
            {runs.length === 0 ? (
              <p class="card empty">No run yet. By default the timer starts one every {every}.</p>
            ) : (
              <>
                <Durations of={of} runs={runs} />
                <RunTable of={of} runs={runs} counts={counts} />
              </>
            )}
          </>
        )}
      </Show>
    </section>
  );
}

type Reading = Pick<TicketReading, "startedAt" | "page"> & Partial<TicketReading>;

/** Shows the progress of a reading, which may take several runs. */
function Progress({ of, reading }: { of: string; reading: Reading }) {
  const { mode, page, pages, expectedEnd, startedAt } = reading;
  const items = mode === undefined ? of : mode === "incremental" ? `the changed ${of}` : `all ${of}`;
  return (
    <p class="banner">
      Reading {items}: page {page}
      {pages !== undefined && ` of ${pages}`}. It started <When at={startedAt} />
      {expectedEnd && (
        <>
          , and will end <When at={expectedEnd} />
        </>
      )}
      .
    </p>
  );
}

function Durations({ of, runs }: { of: string; runs: readonly (TicketRun | ChatRun)[] }) {
  const { times, series } = useMemo(() => durationsOf(runs), [runs]);
  return (
    <section class="card">
      <h3>Duration of each run in seconds</h3>
      <Chart
        times={times}
        series={series}
        unit=" s"
        label={`Duration of the last ${runs.length} runs for ${of}. The table below lists each of them.`}
      />
    </section>
  );
}

type RunTableProps<Run extends TicketRun | ChatRun> = Pick<RunsProps<Run>, "of" | "counts"> & {
  runs: readonly Run[];
};

function RunTable<Run extends TicketRun | ChatRun>({ of, runs, counts }: RunTableProps<Run>) {
  const heads: Head[] = [
    "Started",
    "Outcome",
    ...("mode" in (runs[0] ?? {}) ? ["Read"] : []),
    ...["Took", "Calls", ...Object.keys(counts)].map((number) => ({ number })),
  ];
  return (
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
  );
}

const MODES: Record<TicketRun["mode"], string> = {
  first: "all tickets, for the first time",
  incremental: "changed tickets",
  sweep: "all tickets",
};

function durationsOf(runs: readonly Pick<TicketRun, "startedAt" | "durationMs" | "throttledMs">[]) {
  const inOrder = runs.toReversed();
  const seconds = (ms: number) => ms / SECOND;
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
