import { expect, test } from "vitest";
import {
  bodyKeysOf,
  type Erasures,
  identitiesOf,
  isContinued,
  lastPlaceIn,
  Plan,
  planRow,
  planToText,
  pointersOf,
  restoredHead,
  restoredLogId,
  together,
} from "../../scripts/backup/plan.ts";
import type { StoredRow } from "../../scripts/backup/rows.ts";
import { readJson } from "../../shared/core/json.ts";
import { eventKey, quarantineKey } from "../../shared/event-log/keys.ts";
import { pointerKey, ticketKey } from "../../shared/tickets/store/ticket-row.ts";

const erasedAt = "2026-01-20T00:00:00.000Z";
const none: Erasures = { events: new Map(), tickets: new Map(), gone: new Set() };
const ofEvent: Erasures = { ...none, events: new Map([["id of B", erasedAt]]) };
const ofTicket: Erasures = {
  ...none,
  tickets: new Map([[pointerKey("T"), { erasedFor: "person", erasedAt }]]),
};

const binary = { type: "Binary", value: "U0VDUkVU" };
const place = {
  id: "id of B",
  type: "chat_started",
  origin: "webhook",
  occurredAt: "9:00",
  receivedAt: "9:01",
};
const event: StoredRow = {
  partitionKey: "log",
  rowKey: eventKey(2),
  ...place,
  people: "hash",
  body0: binary,
  bytes: { type: "Int32", value: "6" },
};
const at15 = ticketKey({ id: "T", modified: "2026-01-15T10:00:00.000Z" });
const ticket: StoredRow = {
  partitionKey: "tickets",
  rowKey: at15,
  status: "open",
  assignee: "kim",
  requester: "ann@example.com",
  people: "hash",
  deleted: { type: "Boolean", value: "false" },
  change: { type: "Int32", value: "3" },
  body0: binary,
};
const pointer: StoredRow = { partitionKey: "tickets", rowKey: pointerKey("T"), row: at15, content: "digest" };

test("a row without an erasure is restored as it is", () => {
  for (const row of [event, ticket, pointer]) expect(planRow(row, none)).toBe(row);
});

test("an erased event becomes a tombstone at the backup's place", () => {
  const format = { type: "Int32", value: "1" };
  const tombstone = { partitionKey: "log", rowKey: eventKey(2), ...place, format, erasedAt };
  expect(planRow(event, ofEvent)).toEqual(tombstone);
});

test("an erased ticket becomes a tombstone in the backup's row, also when it changed since", () => {
  expect(planRow(ticket, ofTicket)).toEqual({
    partitionKey: "tickets",
    rowKey: at15,
    status: "",
    assignee: "",
    requester: "",
    people: "",
    deleted: ticket.deleted,
    change: ticket.change,
    erasedAt,
  });
  expect(planRow(pointer, ofTicket)).toEqual({ ...pointer, content: "", erasedFor: "person", erasedAt });
});

test("a failed attempt to deliver an erased event is left out", () => {
  const attempt = {
    partitionKey: "attempts",
    rowKey: "attempt:2:x",
    eventId: "id of B",
    excerpt: "dear ann",
  };
  expect(planRow(attempt, ofEvent)).toBeUndefined();
  expect(planRow({ ...attempt, eventId: "id of A" }, ofEvent)).toBeDefined();
});

test("a row that is gone is left out, unlike a row with the same key in another partition", () => {
  const row = { partitionKey: "transcripts", rowKey: "due:1" };
  const erasures = { ...none, gone: new Set(["transcripts due:1"]) };
  expect(planRow(row, erasures)).toBeUndefined();
  expect(planRow({ ...row, partitionKey: "arrivals" }, erasures)).toBeDefined();
});

test("the body of an erased event belongs to no row", () => {
  const body = { bodyRows: { type: "Int32", value: "1" }, bodyFingerprint: "f" };
  expect(bodyKeysOf({ ...event, ...body })).toEqual(["body:id of B:f:00"]);
  expect(bodyKeysOf(planRow({ ...event, ...body }, ofEvent) ?? event)).toEqual([]);
  const quarantined = { partitionKey: "log", rowKey: quarantineKey("q"), ...body };
  expect(bodyKeysOf(quarantined)).toEqual(["body:q:f:00"]);
});

test("erased items that the backup lacks get rows that keep them out", () => {
  expect(identitiesOf(ofEvent, new Set())).toMatchObject([{ rowKey: "id:id of B", erasedAt }]);
  expect(identitiesOf(ofEvent, new Set(["id of B"]))).toEqual([]);
  expect(pointersOf(ofTicket, new Set())).toEqual([
    {
      partitionKey: "tickets",
      rowKey: pointerKey("T"),
      row: "",
      content: "",
      erasedFor: "person",
      erasedAt,
      deletedAt: erasedAt,
    },
  ]);
  expect(pointersOf(ofTicket, new Set([pointerKey("T")]))).toEqual([]);
});

test("a stored plan is read back, and erasures since then are added", () => {
  const plan = { ...ofEvent, log: "X", gone: new Set(["log quarantine:q"]) };
  expect(readJson(planToText(plan), Plan)).toEqual(plan);
  expect(together(plan, ofTicket)).toEqual({ ...ofTicket, events: plan.events, gone: plan.gone });
});

test("a log gets a new id when a subscription is ahead of the backup, and keeps it in a repetition", () => {
  const log = { id: "A", seq: 5 };
  expect(
    restoredLogId(log, [
      { log: "A", cursor: 5 },
      { log: "B", cursor: 9 },
    ]),
  ).toBe("A");
  const id = restoredLogId(log, [{ log: "A", cursor: 6 }]);
  expect(id).not.toBe("A");
  expect(
    restoredLogId(
      log,
      [
        { log: "A", cursor: 6 },
        { log: id, cursor: 5 },
      ],
      id,
    ),
  ).toBe(id);
  expect(restoredLogId(log, [{ log: id, cursor: 6 }], id)).not.toBe(id);
});

test("a restored log with a new id continues all logs before it", () => {
  const head: StoredRow = { partitionKey: "log", rowKey: "head", log: "A" };
  expect(restoredHead(head, "A")).toBe(head);
  const third = restoredHead(restoredHead(head, "B"), "C");
  expect(["A", "B", "C", "D"].map((id) => isContinued(third, id))).toEqual([true, true, true, false]);
});

test("a renamed log has no last place in the log before it", () => {
  const head = { partitionKey: "log", rowKey: "head", log: "B", seq: "7", restoredFrom: "A" };
  expect(lastPlaceIn("B", head)).toEqual({ log: "B", cursor: 7 });
  expect(lastPlaceIn("A", head)).toEqual({ log: "A", cursor: Number.POSITIVE_INFINITY });
  expect(lastPlaceIn("other", head)).toEqual({ log: "B", cursor: 7 });
});
