import { useState } from "preact/hooks";
import { call, Problem } from "../api.ts";
import type { OutputOf } from "../calls.ts";
import { Action } from "../parts/action.tsx";
import { TYPES } from "../parts/events.ts";
import { Show } from "../parts/loaded.tsx";
import { Page } from "../parts/page.tsx";
import { State } from "../parts/state.tsx";
import { Table } from "../parts/table.tsx";
import { Text } from "../parts/text.tsx";
import { Long } from "../parts/tree.tsx";
import { useCall } from "../parts/use-call.ts";
import { When } from "../parts/when.tsx";

type Entry = OutputOf<"ListQuarantine">["items"][number];
/** The result of replaying an entry. */
type Result = { kind: "ok" | "attention" | "bad"; words: string };
type Results = Record<string, Result>;

export default function Quarantine() {
  const entries = useCall("ListQuarantine", { query: { limit: "1000" } }, { everyMs: 60_000 });
  const [results, setResults] = useState<Results>({});
  const replay = async (id: string) => {
    const result = await replayOne(id);
    setResults((before) => ({ ...before, [id]: result }));
    return result;
  };
  return (
    <Page title="Quarantine">
      <p class="quiet">
        Deliveries with the right password that the app could not read. They are kept unchanged.
      </p>
      <Show of={entries}>
        {({ items, next }) => (
          <>
            {items.length === 0 && (
              <p class="card empty">
                The quarantine is empty. A delivery appears here when the app cannot read it.
              </p>
            )}
            {next !== undefined && (
              <p class="banner attention">
                Only the first {items.length} deliveries are shown. "Replay all" replays every delivery of a
                reason.
              </p>
            )}
            {[...Map.groupBy(items, ({ reason }) => reason)].map(([reason, group]) => (
              <Group
                key={reason}
                reason={reason}
                entries={group}
                isWhole={next === undefined}
                results={results}
                replay={replay}
                reload={entries.reload}
              />
            ))}
          </>
        )}
      </Show>
    </Page>
  );
}

async function replayOne(id: string): Promise<Result> {
  try {
    const { status } = await call("ReplayQuarantined", { path: { id } });
    return { kind: "ok", words: status === "duplicate" ? "already in the log" : "stored" };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    // Another person or tab replayed or deleted it.
    if (error.status === 404) return { kind: "ok", words: "gone from the quarantine" };
    return error.status === 409
      ? { kind: "attention", words: "still not readable" }
      : { kind: "bad", words: error.title };
  }
}

type GroupProps = {
  reason: string;
  entries: readonly Entry[];
  /** True when the quarantine has no more deliveries of the reason. */
  isWhole: boolean;
  results: Results;
  replay(id: string): Promise<Result>;
  reload(): void;
};

function Group({ reason, entries, isWhole, results, replay, reload }: GroupProps) {
  const [done, setDone] = useState<number>();
  const replayAll = async () => {
    let stored = 0;
    let tried = 0;
    setDone(0);
    try {
      for await (const { id } of ofReason(reason)) {
        if ((await replay(id)).kind === "ok") stored++;
        setDone(++tried);
      }
    } finally {
      setDone(undefined);
    }
    return `${stored} of ${tried} are in the log now`;
  };
  return (
    <section class="card">
      <div class="page-head">
        <h2>
          <Text value={reason} />{" "}
          <span class="badge">
            {entries.length}
            {!isWhole && "+"}
          </span>
        </h2>
        <Action run={replayAll}>
          {done !== undefined ? `Replayed ${done}` : isWhole ? `Replay all ${entries.length}` : "Replay all"}
        </Action>
      </div>
      <Table caption={reason} heads={["Received", "Expected", "Problems", { hidden: "Actions" }]}>
        {entries.map((entry) => (
          <Row key={entry.id} entry={entry} result={results[entry.id]} replay={replay} reload={reload} />
        ))}
      </Table>
    </section>
  );
}

/** Reads all entries of a reason, page by page. @throws {Problem} */
async function* ofReason(reason: string): AsyncGenerator<Entry> {
  for (let cursor: string | undefined; ; ) {
    const query = { reason, limit: "100", ...(cursor !== undefined && { cursor }) };
    const { items, next } = await call("ListQuarantine", { query });
    yield* items;
    if (next === undefined) return;
    cursor = next;
  }
}

type RowProps = Pick<GroupProps, "replay" | "reload"> & { entry: Entry; result: Result | undefined };

function Row({ entry: { id, expected, problems, receivedAt }, result, replay, reload }: RowProps) {
  return (
    <tr>
      <td>
        <When at={receivedAt} />
      </td>
      <td>{TYPES[expected]}</td>
      <td>
        {problems.slice(0, 3).map(({ path, message }) => (
          <div key={path}>
            {!message.startsWith(path) && (
              <>
                <code>
                  <Text value={path} />
                </code>{" "}
              </>
            )}
            <Text value={message} />
          </div>
        ))}
        {problems.length > 3 && <span class="quiet">and {problems.length - 3} more</span>}
        <Body id={id} />
      </td>
      <td>
        <div class="actions">
          {result && <State kind={result.kind}>{result.words}</State>}
          {result?.kind !== "ok" && (
            <>
              <Action
                run={async () => {
                  const { words } = await replay(id);
                  return words;
                }}
              >
                Replay
              </Action>
              <Action
                class="danger"
                confirm="Deletes this delivery. This cannot be undone."
                run={async () => {
                  await call("DeleteQuarantined", { path: { id } });
                  reload();
                  return "Deleted";
                }}
              >
                Delete
              </Action>
            </>
          )}
        </div>
      </td>
    </tr>
  );
}

/** Shows the original body, which is read when the user opens it. */
function Body({ id }: { id: string }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Body as received</summary>
      {open && <Raw id={id} />}
    </details>
  );
}

function Raw({ id }: { id: string }) {
  const entry = useCall("GetQuarantined", { path: { id } });
  return (
    <Show of={entry}>
      {({ raw }) => (
        <pre class="scroll">
          <Long value={raw ?? ""} />
        </pre>
      )}
    </Show>
  );
}
