import { useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { plural } from "../../shared/core/text.ts";
import { call } from "../api.ts";
import type { OutputOf } from "../calls.ts";
import { Action, showToast, useAct } from "../parts/action.tsx";
import { Dialog, readField } from "../parts/dialog.tsx";
import { longCall, placeAt, readHead } from "../parts/events.ts";
import { Fact, Facts } from "../parts/facts.tsx";
import { EventLink, linkTo } from "../parts/links.tsx";
import { Show } from "../parts/loaded.tsx";
import { fromLocal } from "../parts/local-time.ts";
import { Outcome } from "../parts/outcome.tsx";
import { Page } from "../parts/page.tsx";
import { State } from "../parts/state.tsx";
import { filterWords, lagWords, nameOf, STATES, sendAgain, wordsOf } from "../parts/subscriptions.tsx";
import { Table } from "../parts/table.tsx";
import { Text } from "../parts/text.tsx";
import { type Loaded, useCall } from "../parts/use-call.ts";
import { When } from "../parts/when.tsx";

type Detail = OutputOf<"GetSubscription">;

export default function SubscriptionPage({ id }: { id: string }) {
  const subscription = useCall("GetSubscription", { path: { hookId: id } }, { everyMs: 15_000 });
  return (
    <Page title="Subscription">
      <Show of={subscription}>
        {(one) => (
          <>
            <About one={one} />
            <Actions one={one} reload={subscription.reload} />
            <Parked one={one} reload={subscription.reload} />
            <Attempts one={one} />
          </>
        )}
      </Show>
    </Page>
  );
}

function About({ one }: { one: Detail }) {
  const { kind, words } = STATES[one.state];
  return (
    <section class="card">
      <h2>
        {nameOf(one)} <State kind={kind}>{words}</State>
      </h2>
      <Facts>
        <Fact name="Events">{wordsOf(one)}</Fact>
        <Fact name="Filter">{one.filter && <Text value={filterWords(one.filter)} />}</Fact>
        <Fact name="Format">
          {one.format}, {one.batch === 1 ? "one event per request" : `up to ${one.batch} events per request`}
          {one.perMinute !== undefined && `, at most ${plural(one.perMinute, "request")} per minute`}
        </Fact>
        <Fact name="When an event is refused">
          {one.policy === "park" ? "it is parked, and the next events are sent" : "the next events wait"}
        </Fact>
        <Fact name="Place">
          {one.cursor} in the log, {lagWords(one)}
          {one.waitingSince && (
            <>
              ; its next event was received <When at={one.waitingSince} />
            </>
          )}
        </Fact>
        <Fact name="Failures in a row">
          {one.failures > 0 && (
            <>
              {one.failures}
              {one.nextAttemptAt && (
                <>
                  , next attempt <When at={one.nextAttemptAt} />
                </>
              )}
            </>
          )}
        </Fact>
        <Fact name="Missed">
          {one.missed > 0 && `${plural(one.missed, "event")}, which retention removed before the delivery`}
        </Fact>
        <Fact name="Restarted">
          {one.restartedAt && (
            <>
              <When at={one.restartedAt} />, because a new log had replaced the old one
            </>
          )}
        </Fact>
        <Fact name="Created">
          <When at={one.createdAt} />
        </Fact>
      </Facts>
    </section>
  );
}

function Actions({ one, reload }: { one: Detail; reload: Loaded<Detail>["reload"] }) {
  const { route } = useLocation();
  const path = { id: one.id };
  const reloaded = (words: string) => {
    reload();
    return words;
  };
  return (
    <section class="card">
      <h2>Actions</h2>
      <div class="actions">
        {one.state !== "active" && (
          <Action
            class="main"
            run={() => call("ResumeSubscription", { path }).then(() => reloaded("Resumed"))}
          >
            Resume
          </Action>
        )}
        {one.lag > 0 && (
          <Action
            confirm="Parks the waiting event and continues with the next one. You can send the parked event again."
            run={() => call("SkipEvent", { path }).then(() => reloaded("The event is parked"))}
          >
            Skip the waiting event
          </Action>
        )}
        <Action
          run={async () => {
            const { delivered, status, error, excerpt } = await call("TestSubscription", { path });
            const answer = status === undefined ? (error ?? "no answer") : `answered ${status}`;
            return `${delivered ? "The test arrived" : "The test failed"}: ${answer}${excerpt ? `, "${excerpt}"` : ""}`;
          }}
        >
          Send a test
        </Action>
        <Replay one={one} reload={reload} />
        <Roll id={one.id} />
        <Action
          class="danger"
          typed="end"
          confirm={`Ends the subscription of ${one.callback}. It gets no more events, and its place in the log is lost.`}
          run={async () => {
            await call("DeleteHook", { path: { hookId: one.id } });
            route(linkTo("/subscriptions"));
            return "The subscription is ended";
          }}
        >
          End the subscription
        </Action>
      </div>
    </section>
  );
}

/** Asks for a time or a place, shows the number of events from there, and then sends them. */
function Replay({ one, reload }: { one: Detail; reload: Loaded<Detail>["reload"] }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { busy, act } = useAct();
  const [plan, setPlan] = useState<{ seq: number; count: number }>();
  const look = async (form: HTMLFormElement) => {
    const signal = longCall();
    const time = fromLocal(readField(form, "time"));
    const seq = time ? await placeAt(time, signal) : Math.max(1, Number(readField(form, "seq")));
    const count = Math.max(0, (await readHead(signal)) - seq + 1);
    setPlan({ seq, count });
    return undefined;
  };
  const send = async (seq: number) => {
    await call("ReplaySubscription", { path: { id: one.id }, body: { seq } });
    dialog.current?.close();
    reload();
    return `Sending the events from place ${seq} on`;
  };
  return (
    <>
      <button
        type="button"
        onClick={() => {
          setPlan(undefined);
          dialog.current?.showModal();
        }}
      >
        Replay…
      </button>
      <Dialog
        of={dialog}
        title="Send events again"
        onInput={() => setPlan(undefined)}
        onSubmit={(form) => void act(() => (plan ? send(plan.seq) : look(form)))}
        submit={
          <button type="submit" disabled={busy || plan?.count === 0}>
            {plan ? "Send them" : "Count the events"}
          </button>
        }
      >
        <label>
          From this time
          <input name="time" type="datetime-local" />
        </label>
        <label>
          or from this place in the log
          <input name="seq" type="number" min={1} defaultValue={String(Math.max(1, one.cursor))} />
        </label>
        {plan && (
          <p role="status">
            The log has {plural(plan.count, "event")} from place {plan.seq} on. The events that match the
            subscription are sent again.
          </p>
        )}
      </Dialog>
    </>
  );
}

/** Shows the new secret once, for copying. */
function Roll({ id }: { id: string }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [rolled, setRolled] = useState<OutputOf<"RollSecret">>();
  return (
    <>
      <Action
        confirm="Creates a new secret. For 24 hours, deliveries are signed with both secrets, so that the receiver can switch."
        run={async () => {
          setRolled(await call("RollSecret", { path: { id } }));
          dialog.current?.showModal();
          return "The subscription has a new secret";
        }}
      >
        Roll secret
      </Action>
      <Dialog
        of={dialog}
        title="New secret"
        close="Close"
        onClose={() => setRolled(undefined)}
        submit={
          <button
            type="button"
            onClick={async () => {
              await navigator.clipboard.writeText(rolled?.secret ?? "");
              showToast("Copied");
            }}
          >
            Copy
          </button>
        }
      >
        {rolled && (
          <>
            <p>
              <code>{rolled.secret}</code>
            </p>
            <p class="quiet">
              It is shown only once. Deliveries are also signed with the previous secret, until{" "}
              <When at={rolled.previousSecretUntil} />.
            </p>
          </>
        )}
      </Dialog>
    </>
  );
}

function Parked({ one, reload }: { one: Detail; reload: Loaded<Detail>["reload"] }) {
  if (one.parked.length === 0) return null;
  const send = (body: Parameters<typeof sendAgain>[1]) => sendAgain(one.id, body).finally(reload);
  return (
    <section class="card">
      <div class="page-head">
        <h2>Parked events: {one.parkedEvents}</h2>
        <Action run={() => send({ parked: true })}>Send all again</Action>
      </div>
      <Table
        caption="Parked events"
        heads={[{ number: "Place" }, "Parked", { number: "Attempts" }, { hidden: "Actions" }]}
      >
        {one.parked.map(({ eventId, seq, since, attempts }) => (
          <tr key={eventId}>
            <td class="number">
              <EventLink id={eventId}>{seq}</EventLink>
            </td>
            <td>
              <When at={since} />
            </td>
            <td class="number">{attempts}</td>
            <td>
              <Action run={() => send({ id: eventId })}>Send again</Action>
            </td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

function Attempts({ one }: { one: Detail }) {
  return (
    <section class="card">
      <h2>Last attempts</h2>
      {one.attempts.length === 0 ? (
        <p class="quiet">There are no attempts yet. Send a test to see the callback's answer.</p>
      ) : (
        <Table
          caption="Attempts, the latest first"
          heads={["When", { number: "Place" }, "Answer", { number: "Took" }]}
        >
          {one.attempts.toReversed().map((attempt) => (
            <tr key={`${attempt.at}${attempt.seq}`}>
              <td>
                <When at={attempt.at} />
              </td>
              <td class="number">
                <EventLink id={attempt.eventId}>{attempt.seq}</EventLink>
              </td>
              <td>
                <Outcome {...attempt} />
              </td>
              <td class="number">{attempt.durationMs} ms</td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  );
}
