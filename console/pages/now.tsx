import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { lazy, useLocation } from "preact-iso";
import { plural } from "../../shared/core/text.ts";
import { HOUR, MINUTE, toIso } from "../../shared/core/time.ts";
import type { OutputOf } from "../calls.ts";
import type { LoggedEvent } from "../parts/events.ts";
import { TYPES } from "../parts/events.ts";
import { ChatLink, linkTo } from "../parts/links.tsx";
import { Show } from "../parts/loaded.tsx";
import { Page } from "../parts/page.tsx";
import { ChatState, State } from "../parts/state.tsx";
import { lagWords, STATES, SubscriptionLink, wordsOf } from "../parts/subscriptions.tsx";
import { Text } from "../parts/text.tsx";
import { useCall } from "../parts/use-call.ts";
import { Sentence, toWords, When } from "../parts/when.tsx";
import { CAUSE_PAGES, type Check, hasChatRuns, worstFirst } from "./health.tsx";
import { OUTCOMES } from "./reconciliation.tsx";

const Chart = lazy(() => import("../parts/chart.tsx"));

export default function Now() {
  const status = useCall("GetStatus", {}, { everyMs: MINUTE });
  const counts = useCall("CountEvents", {}, { everyMs: MINUTE });
  const subscriptions = useCall("ListSubscriptions", {}, { everyMs: MINUTE });
  const runs = useCall("ListReconcileRuns", { query: { limit: "1" } }, { everyMs: MINUTE });
  return (
    <Page title="Now">
      <Show of={status}>{({ checks }) => <Worst checks={checks} />}</Show>
      <section class="card">
        <h2>Events per hour, last 24 hours</h2>
        <Show of={counts}>{({ items }) => <Hours items={items} />}</Show>
      </section>
      <div class="cards">
        <LastChats />
        <section class="card">
          <h2>
            <a href={linkTo("/subscriptions")}>Subscriptions</a>
          </h2>
          <Show of={subscriptions}>
            {({ items }) =>
              items.length === 0 ? (
                <p class="quiet">There are no subscriptions.</p>
              ) : (
                <ul class="plain-list">
                  {items.map((one) => (
                    <li key={one.id}>
                      <State kind={STATES[one.state].kind}>{STATES[one.state].words}</State>{" "}
                      <SubscriptionLink {...one} />{" "}
                      <span class="quiet">
                        {wordsOf(one)} · {lagWords(one)}
                        {one.waitingSince &&
                          `, the next event is from ${toWords(Date.parse(one.waitingSince) - Date.now())}`}
                        {one.parkedEvents > 0 && ` · ${plural(one.parkedEvents, "parked event")}`}
                      </span>
                    </li>
                  ))}
                </ul>
              )
            }
          </Show>
        </section>
        <section class="card">
          <h2>
            <a href={linkTo("/reconciliation")}>Last reconciliation</a>
          </h2>
          <Show of={runs}>
            {({ runs: [last] }) => (
              <LastRun of="tickets" run={last}>
                {last && `${last.added} added, ${last.changed} changed, ${last.recovered} recovered`}
              </LastRun>
            )}
          </Show>
          {status.body && hasChatRuns(status.body) && <LastChatRun />}
        </section>
        <CheckCard name="budget" of={status.body}>
          Calls to LiveChat
        </CheckCard>
        <CheckCard name="quarantine" of={status.body}>
          <a href={linkTo("/quarantine")}>Quarantine</a>
        </CheckCard>
      </div>
    </Page>
  );
}

function LastChatRun() {
  const runs = useCall("ListChatRuns", { query: { limit: "1" } }, { everyMs: MINUTE });
  return (
    <Show of={runs}>
      {({ runs: [last] }) => (
        <LastRun of="chats" run={last}>
          {last && `${last.recovered} recovered`}
        </LastRun>
      )}
    </Show>
  );
}

type LastRunProps = {
  of: string;
  run: Pick<OutputOf<"ListChatRuns">["runs"][number], "outcome" | "startedAt"> | undefined;
  children: ComponentChildren;
};

function LastRun({ of, run, children }: LastRunProps) {
  if (!run) return <p class="quiet">No run for {of} yet.</p>;
  return (
    <p>
      <State kind={OUTCOMES[run.outcome]}>{run.outcome}</State> for {of}, <When at={run.startedAt} />
      <br />
      <span class="quiet">{children}</span>
    </p>
  );
}

function LastChats() {
  const chats = useCall("ListChats", { query: { limit: "5" } }, { everyMs: MINUTE });
  return (
    <section class="card">
      <h2>
        <a href={linkTo("/chats")}>Last chats</a>
      </h2>
      <Show of={chats}>
        {({ items }) =>
          items.length === 0 ? (
            <p class="quiet">There are no chats yet.</p>
          ) : (
            <ul class="plain-list">
              {items.map(({ chatId, state, receivedAt, payload: { chat, visitor } }) => (
                <li key={chatId}>
                  <ChatState of={state} />{" "}
                  <ChatLink id={chatId}>
                    <Text value={visitor?.name || chatId} />
                  </ChatLink>{" "}
                  <When at={chat.started_timestamp ?? receivedAt} />
                </li>
              ))}
            </ul>
          )
        }
      </Show>
    </section>
  );
}

type CheckProps = {
  name: string;
  of: OutputOf<"GetStatus"> | undefined;
  children: ComponentChildren;
};

/** Shows a check as a card. */
function CheckCard({ name, of, children }: CheckProps) {
  const check = of?.checks.find((one) => one.name === name);
  if (!check) return null;
  return (
    <section class="card">
      <h2>{children}</h2>
      <p>
        <State kind={check.state} /> <Sentence text={check.detail} />
      </p>
    </section>
  );
}

/** Shows the check in the worst state, with its action. */
function Worst({ checks }: { checks: readonly Check[] }) {
  const [worst] = worstFirst(checks);
  if (!worst) return null;
  if (worst.state === "ok") {
    return (
      <div class="banner ok">
        <p>
          <State kind="ok">all well</State> All {checks.length} checks are ok.{" "}
          <a href={linkTo("/health")}>Show all checks</a>
        </p>
      </div>
    );
  }
  const others = checks.filter(({ state }) => state !== "ok").length - 1;
  return (
    <div class={`banner ${worst.state}`}>
      <p>
        <State kind={worst.state} /> <strong>{worst.name}</strong>: <Sentence text={worst.detail} />
      </p>
      <p>
        <strong>
          <Sentence text={worst.action} />
        </strong>
      </p>
      <p class="quiet">
        Began <When at={worst.since} />.{" "}
        <a href={linkTo(CAUSE_PAGES[worst.name] ?? "/health")}>Show the cause</a>
        {" · "}
        <a href={linkTo("/health")}>{others > 0 ? `${others} more not ok` : "All checks"}</a>
      </p>
    </div>
  );
}

const COLOURS: Record<LoggedEvent["type"], [webhook: string, reconcile: string]> = {
  chat_started: ["#3f8fd9", "#a9cdf0"],
  chat_ended: ["#7a5fc9", "#c9bdee"],
  ticket_created: ["#c9822b", "#efcb9c"],
};

function Hours({ items }: { items: OutputOf<"CountEvents">["items"] }) {
  const { route } = useLocation();
  const { times, series, total } = useMemo(() => {
    const series = (Object.keys(TYPES) as LoggedEvent["type"][]).flatMap((type) =>
      (["webhook", "reconcile"] as const).map((origin, index) => ({
        name: `${TYPES[type]}${origin === "reconcile" ? ", found by reconciliation" : ""}`,
        colour: COLOURS[type][index] ?? "",
        values: items.map((item) => item[type][origin]),
      })),
    );
    return {
      times: items.map(({ from }) => Date.parse(from)),
      series: series.filter(({ values }) => values.some((value) => value > 0)),
      total: series.flatMap(({ values }) => values).reduce((sum, value) => sum + value, 0),
    };
  }, [items]);
  if (total === 0) return <p class="quiet">No events in the last 24 hours.</p>;
  return (
    <Chart
      times={times}
      series={series}
      label={`${plural(total, "event")} in the last 24 hours. The page Events lists each of them.`}
      onPick={(index) => {
        const from = items[index]?.from;
        if (from) route(linkTo("/events", { from, to: toIso(Date.parse(from) + HOUR) }));
      }}
    />
  );
}
