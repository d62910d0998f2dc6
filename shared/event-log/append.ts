import { randomUUID } from "node:crypto";
import { InvalidInput, TooLarge } from "../core/errors.ts";
import { toPeopleColumn } from "../people/people-column.ts";
import { checkEntity } from "../storage/limits.ts";
import { toBody, uploadBody } from "./bodies.ts";
import { Committer } from "./committer.ts";
import { tooComplex } from "./complexity.ts";
import { readIdentity } from "./event-row.ts";
import { firstEventsOf } from "./first-events.ts";
import { readHead } from "./head.ts";
import { foreignLicence, identify } from "./identity.ts";
import { inTime } from "./in-time.ts";
import { eventKey } from "./keys.ts";
import { MAX_BODY_BYTES } from "./limits.ts";
import type { AppendEntry } from "./plan-append.ts";
import type { Store } from "./store.ts";
import type { Timing } from "./turns.ts";
import type { Append, Appended, NewEvent } from "./types.ts";

// How an event gets into the log:
//
// 1. `identity.ts` gives it an id that every delivery of it shares.
// 2. A large body is uploaded first, into rows of its own (`bodies.ts`).
// 3. `committer.ts` puts it into the next transaction (`plan-append.ts`): identity, body, head, event, all or nothing.
// 4. Creating the identity row a second time fails: that is how a duplicate is recognised. Events marked `once`, and those
//    with a large body, are looked up before.
// 5. When the process dies before it answers, LiveChat delivers again and gets `duplicate`. The callbacks are sent because
//    of the queue message of `subscriptions/guarantee.ts`; without one, the timer sends them. When only the answer of
//    storage is lost, the nonce of the identity row tells our row from another instance's.

type AppendOptions = Timing & {
  /** Milliseconds after which an append gives up: well within the 10 s that LiveChat waits for an answer. */
  timeLimit: number;
};

/** Makes the function that appends events to the log; see `EventLog.append`. */
export function createAppend(store: Store, { timeLimit, ...timing }: AppendOptions): Append {
  const committer = new Committer(store, timing);

  async function append(event: NewEvent, signal: AbortSignal): Promise<Appended> {
    const { type, chatId = "", once } = event;
    // Before the app moved to the Text platform, v2 reported such an event under an id that includes its time.
    const known = once ? (await firstEventsOf(store, chatId, { signal })).get(type) : undefined;
    if (known) return { status: "duplicate", id: known.id, seq: known.seq };
    let entry = await toAppendEntry(event, committer.licence);
    if (entry.body.properties.bodyRows) {
      const { licence } = await readHead(store, { signal });
      if (foreignLicence(licence, event.licence)) entry = await toAppendEntry(event, licence);
      // While the log has no licence, an event of another licence may have the same id.
      const isSure = licence !== undefined || event.licence === undefined;
      const { id } = entry;
      const found = isSure ? await readIdentity(store, id, { signal }) : undefined;
      if (found) return { status: "duplicate", id, seq: found.seq };
      await uploadBody(store, entry.body, { signal });
    }
    // `undefined` means that the log belongs to another licence than assumed. The licence is known now and does not
    // change.
    return (await committer.commit(entry, signal)) ?? append(event, signal);
  }

  return (event) => inTime(timeLimit, (signal) => append(event, signal));
}

/** Prepares everything of an event that does not depend on its place. */
async function toAppendEntry(event: NewEvent, ofLog: string | undefined): Promise<AppendEntry> {
  const { type, origin, occurredAt, licence, people, trace, raw } = event;
  if (Buffer.byteLength(raw) > MAX_BODY_BYTES) {
    throw new TooLarge(`The event has more than ${MAX_BODY_BYTES} bytes.`);
  }
  const problem = tooComplex(raw);
  if (problem !== undefined) throw new InvalidInput(problem);
  const foreign = foreignLicence(ofLog, licence);
  const id = identify(event, foreign);
  const body = await toBody(id, raw);
  const row = {
    id,
    type,
    origin,
    occurredAt,
    people: toPeopleColumn(people),
    ...(trace && { trace }),
    ...body.properties,
  };
  checkEntity({ partitionKey: "", rowKey: eventKey(0), ...row });
  return { id, type, origin, licence, foreign, row, body, nonce: randomUUID() };
}
