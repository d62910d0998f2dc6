import { useState } from "preact/hooks";
import { plural } from "../../shared/core/text.ts";
import { MINUTE } from "../../shared/core/time.ts";
import { type EventChoice, isWanted } from "../../shared/subscriptions/filter.ts";
import { addressOf } from "../api.ts";
import type { OutputOf } from "../calls.ts";
import { Action } from "../parts/action.tsx";
import { type LoggedEvent, ORIGINS, subjectOf, TYPES } from "../parts/events.ts";
import { Fact, Facts } from "../parts/facts.tsx";
import { type Attempt, groupAttempts } from "../parts/group-attempts.ts";
import { ChatLink, linkTo, TicketLink } from "../parts/links.tsx";
import { Show } from "../parts/loaded.tsx";
import { Outcome } from "../parts/outcome.tsx";
import { Page } from "../parts/page.tsx";
import {
  filterWords,
  nameOf,
  type Subscription,
  SubscriptionLink,
  sendAgain,
} from "../parts/subscriptions.tsx";
import { Text } from "../parts/text.tsx";
import { Long, Tree } from "../parts/tree.tsx";
import { useCall } from "../parts/use-call.ts";
import { When } from "../parts/when.tsx";

export default function EventPage({ id }: { id: string }) {
  const event = useCall("GetEvent", { path: { id } });
  return (
    <Page title="Event" actions={<Action run={() => copyAsCurl(id)}>Copy as curl</Action>}>
      <Show of={event}>
        {(body) => (isLogged(body) ? <Details event={body} /> : <Tree value={body} open />)}
      </Show>
    </Page>
  );
}

/** True for an event. With `raw=true`, `GetEvent` answers the original body instead. */
function isLogged(body: OutputOf<"GetEvent">): body is LoggedEvent {
  return "seq" in body && "receivedAt" in body;
}

function Details({ event }: { event: LoggedEvent }) {
  return (
    <>
      <section class="card">
        <h2>{TYPES[event.type]}</h2>
        <Facts>
          <Fact name="About">
            <ChatLink id={event.chatId} />
            <TicketLink id={event.ticketId} /> <Text value={subjectOf(event)} />
            {event.chatId === undefined && event.ticketId === undefined && "erased"}
          </Fact>
          <Fact name="Id">
            <code>{event.id}</code>
          </Fact>
          <Fact name="Trace of the delivery">{event.traceId && <code>{event.traceId}</code>}</Fact>
        </Facts>
      </section>
      <History event={event} />
      {event.erased ? (
        <p class="banner">
          The content was erased on request. The log keeps only the fact that the event existed.
        </p>
      ) : event.unreadable ? (
        <p class="banner attention">
          The content is missing or damaged in storage. Other events are not affected.
        </p>
      ) : (
        <Payload event={event} />
      )}
    </>
  );
}

/** Shows the receipt of the event, its place in the log and its deliveries, and a button to deliver it again. */
function History({ event }: { event: LoggedEvent }) {
  const attempts = useCall("ListAttempts", { path: { id: event.id } }, { everyMs: MINUTE });
  const subscriptions = useCall("ListSubscriptions", {}, { everyMs: MINUTE });
  const others = (sent: readonly { subscription: string }[]) =>
    (subscriptions.body?.items ?? []).filter(({ id }) =>
      sent.every(({ subscription }) => subscription !== id),
    );
  return (
    <section class="card">
      <h2>History</h2>
      <ol class="way">
        <li>
          Happened in LiveChat <When at={event.occurredAt} />
        </li>
        <li>
          Received <When at={event.receivedAt} /> by <span class="badge">{ORIGINS[event.origin]}</span>
        </li>
        <li>
          Stored at place {event.seq} of the log (
          <a href={linkTo("/events", { before: event.seq + 25 })}>events around it</a>)
        </li>
        {event.erasedAt && (
          <li>
            Erased <When at={event.erasedAt} />
          </li>
        )}
        {groupAttempts(attempts.body?.items ?? []).map(([first, ...more]) => (
          <Sent key={`${first.subscription}${first.at}`} attempt={first} more={more} />
        ))}
        {attempts.body &&
          others(attempts.body.items).map((one) => <NotSent key={one.id} event={event} one={one} />)}
      </ol>
      {attempts.problem && <Show of={attempts}>{() => null}</Show>}
      <p class="quiet">
        Failed attempts are kept for a week. A successful attempt is kept while it is among the last twenty of
        its subscription.
      </p>
      {subscriptions.body && subscriptions.body.items.length > 0 && (
        <SendAgain event={event} to={subscriptions.body.items} onSent={attempts.reload} />
      )}
    </section>
  );
}

/** Shows an attempt to deliver the event, and the later attempts with the same result. */
function Sent({ attempt, more }: { attempt: Attempt; more: readonly Attempt[] }) {
  const last = more.at(-1);
  return (
    <li>
      Sent <When at={attempt.at} />
      {last && (
        <>
          {" "}
          and {plural(more.length, "time")} more until <When at={last.at} />
        </>
      )}{" "}
      to <SubscriptionLink id={attempt.subscription} callback={attempt.callback} />: <Outcome {...attempt} />{" "}
      <span class="quiet">after {(last ?? attempt).durationMs} ms</span>
      {attempt.excerpt && (
        <p class="quiet">
          <Text value={attempt.excerpt} />
        </p>
      )}
    </li>
  );
}

/** Says why a subscription has no attempt to deliver the event. */
function NotSent({ event, one }: { event: LoggedEvent; one: Subscription }) {
  const { type, seq, receivedAt, payload } = event;
  const why = () => {
    if (one.types && !one.types.includes(type)) return `it does not receive "${TYPES[type]}"`;
    if (payload && !isWanted({ type, payload }, { filter: one.filter as EventChoice["filter"] })) {
      return `its filter does not match (${filterWords(one.filter ?? {})})`;
    }
    if (seq > one.cursor) return `it is ${plural(one.lag, "place")} behind`;
    if (one.createdAt > receivedAt) return "it was created after the event";
    return undefined;
  };
  const reason = why();
  return (
    <li>
      {reason === undefined ? "The attempts are no longer on record for " : "Not sent to "}
      <SubscriptionLink {...one} />
      {reason !== undefined && `: ${reason}`}
    </li>
  );
}

function SendAgain({
  event,
  to,
  onSent,
}: {
  event: LoggedEvent;
  to: readonly Subscription[];
  onSent(): void;
}) {
  const [chosen, setChosen] = useState(to[0]?.id ?? "");
  return (
    <div class="actions">
      <label>
        Send again to
        <select value={chosen} onChange={({ currentTarget }) => setChosen(currentTarget.value)}>
          {to.map((one) => (
            <option key={one.id} value={one.id}>
              {nameOf(one)}
            </option>
          ))}
        </select>
      </label>
      <Action run={() => sendAgain(chosen, { id: event.id }).finally(onSent)}>Send again</Action>
    </div>
  );
}

function Payload({ event }: { event: LoggedEvent }) {
  const [raw, setRaw] = useState(false);
  return (
    <section class="card">
      <div class="page-head">
        <h2>Payload</h2>
        <div class="actions">
          <button type="button" aria-pressed={!raw} onClick={() => setRaw(false)}>
            Tree
          </button>
          <button type="button" aria-pressed={raw} onClick={() => setRaw(true)}>
            As received
          </button>
        </div>
      </div>
      {raw ? <Raw id={event.id} /> : <Tree value={event.payload} open />}
    </section>
  );
}

function Raw({ id }: { id: string }) {
  const delivery = useCall("GetEvent", { path: { id }, query: { raw: "true" } });
  return (
    <Show of={delivery}>
      {(body) => (
        <pre class="scroll">
          <Long value={JSON.stringify(body, null, 2)} />
        </pre>
      )}
    </Show>
  );
}

async function copyAsCurl(id: string): Promise<string> {
  const { url } = addressOf("GetEvent", { path: { id } });
  await navigator.clipboard.writeText(`curl -H "x-functions-key: $FUNCTION_KEY" "${location.origin}${url}"`);
  return "Copied. The command reads the key from the variable FUNCTION_KEY.";
}
