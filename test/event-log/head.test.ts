import fc from "fast-check";
import { expect, test } from "vitest";
import { toIso } from "../../shared/core/time.ts";
import { advanceHead, type Head, receiptTime } from "../../shared/event-log/head.ts";
import type { Hour } from "../../shared/event-log/hours.ts";
import { EVENT_TYPES, ORIGINS } from "../../shared/schemas/webhook.ts";
import { at, EPOCH, MINUTE, started, ticketCreated } from "./deliveries.ts";

const EMPTY: Head = { seq: 0, lastReceived: {} };

test("the time of receipt is the clock's, but never before the last event's", () => {
  expect(receiptTime(EMPTY, EPOCH)).toBe(at(0));
  expect(receiptTime({ ...EMPTY, receivedAt: at(1) }, EPOCH)).toBe(at(1));
  expect(receiptTime({ ...EMPTY, receivedAt: at(1) }, EPOCH + 2 * MINUTE)).toBe(at(2));
});

test("a head has the last place, the last time of each type and the first licence", () => {
  const first = advanceHead(EMPTY, [ticketCreated(), started()], at(1));
  expect(first).toMatchObject({ seq: 2, receivedAt: at(1), licence: "1" });
  const next = advanceHead({ ...first, etag: "v1" }, [{ ...started(), licence: "2" }], at(2));
  expect(next).toEqual({
    ...first,
    seq: 3,
    receivedAt: at(2),
    lastReceived: { ticket_created: at(1), chat_started: at(2) },
    hour: expect.objectContaining({ from: 1, through: 3 }),
  });
});

test("hours cover all places of the log and count their events by type and origin", () => {
  const event = fc.record({ type: fc.constantFrom(...EVENT_TYPES), origin: fc.constantFrom(...ORIGINS) });
  const append = fc.record({
    events: fc.array(event, { minLength: 1, maxLength: 9 }),
    minutes: fc.nat({ max: 150 }),
  });
  fc.assert(
    fc.property(fc.array(append, { minLength: 1, maxLength: 30 }), (appends) => {
      let head: Head = { seq: 0, lastReceived: {} };
      let time = EPOCH;
      const hours: Hour[] = [];
      const all: { seq: number; hour: string; name: string }[] = [];
      for (const { events, minutes } of appends) {
        time += minutes * MINUTE;
        const receivedAt = toIso(time);
        const next = advanceHead(head, events, receivedAt);
        if (head.hour && head.hour.hour !== next.hour?.hour) hours.push(head.hour);
        for (const { type, origin } of events) {
          all.push({ seq: all.length + 1, hour: receivedAt.slice(0, 13), name: `${type}_${origin}` });
        }
        head = next;
      }
      hours.push(head.hour as Hour);
      expect(hours.map(({ from }) => from)).toEqual(
        [1, ...hours.map(({ through }) => through + 1)].slice(0, -1),
      );
      expect(hours.at(-1)?.through).toBe(all.length);
      for (const { hour, from, through, counts } of hours) {
        const inHour = all.filter((each) => each.hour === hour);
        expect(inHour.map(({ seq }) => seq)).toEqual(all.slice(from - 1, through).map(({ seq }) => seq));
        for (const [name, count] of Object.entries(counts)) {
          expect(count).toBe(inHour.filter((each) => each.name === name).length);
        }
      }
    }),
    { numRuns: 50 },
  );
});
