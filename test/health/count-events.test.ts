import { expect, inject, test } from "vitest";
import { openEventLog } from "../../shared/event-log/event-log.ts";
import { EVENT_TYPES } from "../../shared/schemas/webhook.ts";
import { openTable } from "../../shared/storage/open-table.ts";

test("the log's counts by type and time equal its listed events, across hours", async () => {
  const table = openTable({ connectionString: inject("storage") }, "HealthCountEvents");
  let clock = Date.parse("2026-01-01T00:00:00.000Z");
  const log = openEventLog({ table, now: () => clock });
  expect(await log.count({ type: "chat_started", from: "2000", to: "3000" })).toBe(0);

  const total = 1_040;
  for (let done = 0; done < total; done += 260) {
    await Promise.all(
      Array.from({ length: 260 }, (_, index) => {
        const nth = done + index;
        const type = EVENT_TYPES[nth % 7 === 0 ? 0 : nth % 3 === 0 ? 1 : 2] ?? "chat_started";
        return log.append({ type, origin: "webhook", subjectId: `S${nth}`, raw: "{}", people: [] });
      }),
    );
    clock += 20 * 60_000;
  }
  const events: { type: string; receivedAt: string }[] = [];
  for await (const { type, receivedAt } of log.events()) events.push({ type, receivedAt });
  expect(events).toHaveLength(total);

  const start = Date.parse("2026-01-01T00:00:00.000Z");
  const iso = (minutes: number) => new Date(start + minutes * 60_000).toISOString();
  for (const type of EVENT_TYPES) {
    for (const [from, to] of [
      [iso(-5), iso(90)],
      [iso(0), iso(20)],
      [iso(20), iso(61)],
      [iso(0), iso(60)],
      [iso(41), iso(60)],
      [iso(60), iso(61)],
      [iso(80), iso(80)],
      [iso(120), iso(180)],
    ] as const) {
      const listed = events.filter(
        (one) => one.type === type && one.receivedAt >= from && one.receivedAt < to,
      );
      expect(await log.count({ type, from, to }), `${type} ${from} ${to}`).toBe(listed.length);
    }
  }
});
