import { useState } from "preact/hooks";
import { addressOf } from "../api.ts";
import type { OutputOf } from "../calls.ts";
import { Action } from "../parts/act.tsx";
import { type LoggedEvent, ORIGINS, TYPES } from "../parts/events.ts";
import { ChatLink, linkTo, TicketLink } from "../parts/links.tsx";
import { Show } from "../parts/loaded.tsx";
import { Page } from "../parts/page.tsx";
import { Long, Tree } from "../parts/tree.tsx";
import { useCall } from "../parts/use-call.ts";
import { When } from "../parts/when.tsx";

export default function EventPage({ id }: { id: string }) {
  const event = useCall("GetEvent", { path: { id } });
  return (
    <Page title="Event" actions={<Action run={() => copyAsCurl(id)}>Copy as curl</Action>}>
      <Show of={event}>{(body) => (isLogged(body) ? <Details event={body} /> : <Tree value={body} open />)}</Show>
    </Page>
  );
}

/** `GetEvent` can also be asked for the body as it came. */
function isLogged(body: OutputOf<"GetEvent">): body is LoggedEvent {
  return "seq" in body && "receivedAt" in body;
}

function Details({ event }: { event: LoggedEvent }) {
  return (
    <>
      <section class="card">
        <h2>{TYPES[event.type]}</h2>
        <dl class="facts">
          <dt>About</dt>
          <dd>
            <ChatLink id={event.chatId} />
            <TicketLink id={event.ticketId} />
            {event.chatId === undefined && event.ticketId === undefined && "erased"}
          </dd>
          <dt>Happened</dt>
          <dd>
            <When at={event.occurredAt} />
          </dd>
          <dt>Received</dt>
          <dd>
            <When at={event.receivedAt} /> by <span class="badge">{ORIGINS[event.origin]}</span>
          </dd>
          <dt>Place in the log</dt>
          <dd>
            {event.seq} · <a href={linkTo("/events", { before: event.seq + 25 })}>events around it</a>
          </dd>
          <dt>Id</dt>
          <dd class="mono">{event.id}</dd>
        </dl>
      </section>
      {event.erased ? (
        <div class="banner">
          <p>
            The content was erased on request{event.erasedAt && (
              <>
                {" "}
                <When at={event.erasedAt} />
              </>
            )}
            . That the event was there stays in the log.
          </p>
        </div>
      ) : event.unreadable ? (
        <div class="banner attention">
          <p>The content is missing or broken in storage. The app goes on with the other events.</p>
        </div>
      ) : (
        <Payload event={event} />
      )}
    </>
  );
}

function Payload({ event }: { event: LoggedEvent }) {
  const [raw, setRaw] = useState(false);
  return (
    <section class="card">
      <div class="page-head">
        <h2>Payload</h2>
        <div class="actions" role="group" aria-label="How to show the payload">
          <button type="button" aria-pressed={!raw} onClick={() => setRaw(false)}>
            Tree
          </button>
          <button type="button" aria-pressed={raw} onClick={() => setRaw(true)}>
            As it came
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
  return "Copied. The key is a variable, FUNCTION_KEY.";
}
