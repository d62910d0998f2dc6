import { expect, test } from "vitest";
import { bucketsOf, MAX_BUCKETS } from "../../shared/event-log/buckets.ts";
import { at, EPOCH, MINUTE, newLog, started, ticketCreated } from "./deliveries.ts";

test("hours and days count their events by type and origin", async () => {
  let time = EPOCH;
  const log = newLog({ now: () => time });
  for (const minute of [0, 59, 60, 25 * 60]) {
    time = EPOCH + minute * MINUTE;
    await log.append(started({ id: `C${minute}` }));
    await log.append(ticketCreated({ id: `T${minute}` }));
  }
  const count = async (by: "hour" | "day", from: string, to: string) => {
    const buckets = bucketsOf(by, from, to);
    return buckets?.fill(await log.countByHour({ from: buckets.from, to }));
  };
  const hours = await count("hour", at(30), at(150));
  expect(
    hours?.map(({ from, chat_started, ticket_created }) => [from, chat_started, ticket_created]),
  ).toEqual([
    [at(0), { webhook: 2, reconcile: 0 }, { webhook: 0, reconcile: 2 }],
    [at(60), { webhook: 1, reconcile: 0 }, { webhook: 0, reconcile: 1 }],
    [at(120), { webhook: 0, reconcile: 0 }, { webhook: 0, reconcile: 0 }],
  ]);
  const days = await count("day", at(0), at(26 * 60));
  expect(days?.map(({ from, chat_started }) => [from, chat_started.webhook])).toEqual([
    [at(0), 3],
    [at(24 * 60), 1],
  ]);
});

test("a span of more than 1,000 hours has no buckets", () => {
  expect(bucketsOf("hour", at(0), at(MAX_BUCKETS * 60))?.fill([])).toHaveLength(MAX_BUCKETS);
  expect(bucketsOf("hour", at(0), at(MAX_BUCKETS * 60 + 1))).toBeUndefined();
});
