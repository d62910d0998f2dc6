import { randomUUID } from "node:crypto";
import { InvalidInput, TooLarge } from "../core/errors.ts";
import { toPeopleColumn } from "../people/people-column.ts";
import { checkEntity } from "../storage/limits.ts";
import { readRow } from "../storage/rows.ts";
import { toBody, toBodyProperties, uploadBody } from "./bodies.ts";
import { createCommitter, type Entry } from "./commit.ts";
import type { IdentityRow } from "./event-row.ts";
import { inTime } from "./in-time.ts";
import { eventKey, identify, identityKey } from "./keys.ts";
import { MAX_BODY_BYTES, MAX_NESTING } from "./limits.ts";
import { nesting } from "./nesting.ts";
import type { Store } from "./store.ts";
import type { Timing } from "./turns.ts";
import type { Appended, EventLog, NewEvent } from "./types.ts";

export type AppendOptions = Timing & {
  /** Milliseconds after which an append gives up: well within the 10 s that LiveChat waits for an answer. */
  timeLimit: number;
};

/** Makes the one function that puts events into the log; see `EventLog.append`. */
export function createAppend(store: Store, { timeLimit, ...timing }: AppendOptions): EventLog["append"] {
  const commit = createCommitter(store, timing);

  return (event) =>
    inTime(timeLimit, async (signal) => {
      const entry = await toEntry(event);
      if (entry.body.rows > 0) {
        const found = await findDuplicate(store, entry.id, signal);
        if (found) return found;
        await uploadBody(store, entry.body, { signal });
      }
      return commit(entry, signal);
    });
}

/** Everything about an event that does not depend on its place. */
async function toEntry(event: NewEvent): Promise<Entry> {
  const { type, origin, occurredAt, people, trace, raw } = event;
  if (Buffer.byteLength(raw) > MAX_BODY_BYTES) {
    throw new TooLarge(`The event has more than ${MAX_BODY_BYTES} bytes.`);
  }
  if (nesting(raw) > MAX_NESTING) {
    throw new InvalidInput(`The event is nested more than ${MAX_NESTING} levels deep.`);
  }
  const id = identify(event);
  const body = await toBody(id, raw);
  const row = {
    id,
    type,
    origin,
    occurredAt,
    people: toPeopleColumn(people),
    ...(trace && { trace }),
    ...toBodyProperties(body),
  };
  checkEntity({ partitionKey: "", rowKey: eventKey(0), ...row });
  return { id, type, row, body, nonce: randomUUID() };
}

/** Asked before a large body is sent, which a repetition would do for nothing. */
async function findDuplicate(store: Store, id: string, signal: AbortSignal): Promise<Appended | undefined> {
  const found = await readRow<IdentityRow>(store.table, store.partitionKey, identityKey(id), { signal });
  return found && { status: "duplicate", id, seq: found.seq };
}
