import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { toBody } from "../../shared/event-log/bodies.ts";
import { identify } from "../../shared/event-log/identity.ts";
import { type AppendEntry, planAppend } from "../../shared/event-log/plan-append.ts";
import type { NewEvent } from "../../shared/event-log/types.ts";
import { checkTransaction } from "../../shared/storage/limits.ts";
import { at, EPOCH, ended, MINUTE, started, ticketCreated } from "./deliveries.ts";

const EMPTY = { head: { seq: 0, lastReceived: {} }, waiting: [] };
const toEntry = async (event: NewEvent): Promise<AppendEntry> => {
  return { event, body: await toBody(event.raw), nonce: `nonce of ${event.subjectId}` };
};
const plan = (known: Parameters<typeof planAppend>[0], entries: AppendEntry[], now = EPOCH) =>
  planAppend(known, entries, { partitionKey: "log", instance: "me", now });
const keysOf = ({ actions }: ReturnType<typeof plan>) =>
  actions.map(([kind, { rowKey }]) => `${kind} ${rowKey}`);

const noise = (bytes: number) => ({ noise: randomBytes(bytes).toString("base64") });
let [small, large, tooLargeForRow]: AppendEntry[] = [];
beforeAll(async () => {
  small = await toEntry(started({ id: "small" }));
  large = await toEntry(started({ id: "large", more: noise(45_000) }));
  tooLargeForRow = await toEntry(started({ id: "rows", more: noise(100_000) }));
});

test("the first events of a log create its head and get the first places", async () => {
  const entries = await Promise.all([started(), ended(), ticketCreated()].map(toEntry));
  const { actions, events, head } = plan(EMPTY, entries);
  expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  expect(head).toMatchObject({ seq: 3, receivedAt: at(0), licence: "1", log: expect.any(String) });
  expect(actions[3]).toEqual(["create", expect.objectContaining({ rowKey: "head", seq: 3 })]);
  expect(actions.slice(4).map(([, { rowKey, receivedAt }]) => [rowKey, receivedAt])).toEqual([
    ["event:0000000000000001", at(0)],
    ["event:0000000000000002", at(0)],
    ["event:0000000000000003", at(0)],
  ]);
});

test("the head is updated only with its ETag", () => {
  const head = { ...EMPTY.head, seq: 7, log: "name", etag: "v7" };
  const { actions, events, ...planned } = plan({ head, waiting: [] }, [small] as AppendEntry[]);
  expect(events.map(({ seq }) => seq)).toEqual([8]);
  expect(planned.head).toMatchObject({ seq: 8, log: "name" });
  expect(planned.head).not.toHaveProperty("etag");
  expect(actions[planned.headIndex]).toEqual(["update", expect.anything(), "Merge", { etag: "v7" }]);
});

test("receivedAt never decreases when the clock runs backwards", () => {
  const head = { ...EMPTY.head, seq: 7, receivedAt: at(5), etag: "v7" };
  const planned = plan({ head, waiting: [] }, [small] as AppendEntry[], EPOCH);
  expect(planned.head.receivedAt).toBe(at(5));
  expect(planned.actions.at(-1)?.[1].receivedAt).toBe(at(5));
});

test("the checks of identities, bodies and places in line come before the head", () => {
  const head = { ...EMPTY.head, turn: "dead", etag: "v1" };
  const planned = plan({ head, waiting: ["dead", "me", "other"] }, [tooLargeForRow] as AppendEntry[]);
  expect(keysOf(planned)).toEqual([
    expect.stringMatching(/^create id:/),
    expect.stringMatching(/^update body:/),
    "delete head.waiting:dead",
    "delete head.waiting:me",
    "update head",
    "create event:0000000000000001",
  ]);
  expect(planned.waiting).toEqual(["other"]);
  expect(planned.head.turn).toBe("other");
});

test("an instance stays in line while its queue has further events", () => {
  const twice = [small, small] as AppendEntry[];
  const { events, waiting, head } = plan({ ...EMPTY, waiting: ["me", "other"] }, twice);
  expect(events).toHaveLength(1);
  expect(waiting).toEqual(["me", "other"]);
  expect(head.turn).toBe("other");
});

test("the first event of an hour writes the row of the hour before", () => {
  const { head } = plan(EMPTY, [small] as AppendEntry[]);
  const next = plan(
    { head: { ...head, etag: "v1" }, waiting: [] },
    [large] as AppendEntry[],
    EPOCH + 61 * MINUTE,
  );
  expect(next.actions.at(-1)).toEqual([
    "upsert",
    expect.objectContaining({ rowKey: "hour:2026-01-01T00", from: 1, through: 1, n_chat_started_webhook: 1 }),
    "Replace",
  ]);
  expect(next.head.hour).toMatchObject({ hour: "2026-01-01T01", from: 2, through: 2 });
});

test("only an event of another licence than the log's has its licence in its id", async () => {
  const ofLicence = (licence?: string) => toEntry({ ...ticketCreated(), licence });
  const [none, one, two] = await Promise.all([undefined, "1", "2"].map(ofLicence));
  const ids = (entries: (AppendEntry | undefined)[], licence?: string) => {
    const known = { ...EMPTY, head: { ...EMPTY.head, licence } };
    return entries.flatMap((entry) => plan(known, [entry as AppendEntry]).events.map(({ id }) => id));
  };
  const [own, foreign] = [identify(ticketCreated()), identify({ ...ticketCreated(), licence: "2" }, "1")];
  expect(own).not.toBe(foreign);
  expect(ids([none, one, two])).toEqual([own, own, own]);
  expect(ids([none, one, two], "1")).toEqual([own, own, foreign]);
  expect(plan(EMPTY, [one, two] as AppendEntry[]).events.map(({ id }) => id)).toEqual([own, foreign]);
});

test("the first licence becomes the log's", async () => {
  const entries = await Promise.all(
    [undefined, "1", "2"].map((licence, n) => toEntry({ ...ticketCreated({ id: `T${n}` }), licence })),
  );
  expect(plan(EMPTY, entries).head.licence).toBe("1");
});

test("48 small events share a transaction", async () => {
  const entries = await Promise.all(Array.from({ length: 60 }, (_, n) => toEntry(started({ id: `C${n}` }))));
  expect(plan(EMPTY, entries).events).toHaveLength(48);
});

test("a plan of any events is a transaction that storage accepts", () => {
  const size = fc.constantFrom("small", "large", "rows");
  fc.assert(
    fc.property(fc.array(size, { minLength: 1, maxLength: 70 }), (sizes) => {
      const entries = sizes.map((size, index): AppendEntry => {
        const entry = { small, large, rows: tooLargeForRow }[size] as AppendEntry;
        return { ...entry, event: { ...entry.event, subjectId: `C${index}` } };
      });
      const { actions, events } = plan(EMPTY, entries);
      expect(events.length).toBeGreaterThan(0);
      expect(events.map(({ entry }) => entry)).toEqual(entries.slice(0, events.length));
      checkTransaction(actions);
      if (!sizes.includes("large"))
        expect(events.length === entries.length || actions.length > 94).toBe(true);
    }),
    { numRuns: 50 },
  );
});
