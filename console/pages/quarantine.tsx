import { useState } from "preact/hooks";
import { call, Problem } from "../api.ts";
import type { OutputOf } from "../calls.ts";
import { Action } from "../parts/act.tsx";
import { Show } from "../parts/loaded.tsx";
import { Page } from "../parts/page.tsx";
import { State } from "../parts/state.tsx";
import { Text } from "../parts/text.tsx";
import { Long } from "../parts/tree.tsx";
import { useCall } from "../parts/use-call.ts";
import { When } from "../parts/when.tsx";

type Entry = OutputOf<"ListQuarantine">["items"][number];
/** What became of an entry when it was replayed. */
type Result = { kind: "ok" | "attention" | "bad"; words: string };

export default function Quarantine() {
  const entries = useCall("ListQuarantine", { query: { limit: "1000" } });
  const [results, setResults] = useState<Record<string, Result>>({});

  const replay = async (ids: string[]) => {
    let stored = 0;
    for (const id of ids) {
      const result = await replayOne(id);
      if (result.kind === "ok") stored++;
      setResults((before) => ({ ...before, [id]: result }));
    }
    return `${stored} of ${ids.length} are in the log now`;
  };

  return (
    <Page title="Quarantine">
      <p class="quiet">
        Deliveries that came with the right password and could not be read. Nothing of them is lost.
      </p>
      <Show of={entries}>
        {({ items, next }) => (
          <>
            {items.length === 0 && <p class="card empty">The quarantine is empty.</p>}
            {next !== undefined && (
              <p class="banner attention">There are more than {items.length}: these are the first.</p>
            )}
            {[...Map.groupBy(items, ({ reason }) => reason)].map(([reason, group]) => (
              <section class="card" key={reason}>
                <div class="page-head">
                  <h2>
                    <Text value={reason} /> <span class="badge">{group.length}</span>
                  </h2>
                  <Action run={() => replay(group.map(({ id }) => id))}>Replay all {group.length}</Action>
                </div>
                <Group
                  entries={group}
                  results={results}
                  replay={(id) => replay([id])}
                  remove={async (id) => {
                    await call("DeleteQuarantined", { path: { id } });
                    entries.reload();
                    return "Deleted";
                  }}
                />
              </section>
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
    return { kind: "ok", words: status === "duplicate" ? "was in the log already" : "stored" };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return error.status === 409
      ? { kind: "attention", words: "still not understood" }
      : { kind: "bad", words: error.title };
  }
}

type GroupProps = {
  entries: readonly Entry[];
  results: Record<string, Result>;
  replay(id: string): Promise<string>;
  remove(id: string): Promise<string>;
};

function Group({ entries, results, replay, remove }: GroupProps) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Came</th>
            <th scope="col">Expected</th>
            <th scope="col">Problems</th>
            <th scope="col">
              <span class="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {entries.map(({ id, expected, problems, receivedAt }) => (
            <tr key={id}>
              <td>
                <When at={receivedAt} />
              </td>
              <td>{expected}</td>
              <td>
                {problems.slice(0, 3).map(({ path, message }) => (
                  <div key={path}>
                    <code>
                      <Text value={path} />
                    </code>{" "}
                    <Text value={message} />
                  </div>
                ))}
                <Body id={id} />
              </td>
              <td>
                <div class="actions">
                  {results[id] && <State kind={results[id].kind}>{results[id].words}</State>}
                  {results[id]?.kind !== "ok" && (
                    <>
                      <Action run={() => replay(id)}>Replay</Action>
                      <Action
                        class="danger"
                        confirm="Deletes this delivery. It cannot be had again."
                        run={() => remove(id)}
                      >
                        Delete
                      </Action>
                    </>
                  )}
                </div>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The body as it came, read when it is asked for. */
function Body({ id }: { id: string }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Body as it came</summary>
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
