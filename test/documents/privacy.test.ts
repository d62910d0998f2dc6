import { readFileSync } from "node:fs";
import { expect, inject, test } from "vitest";
import { placesOfPeople } from "../../functions/people/places.ts";
import { openEventLog } from "../../shared/event-log/event-log.ts";
import { openTable } from "../../shared/storage/open-table.ts";

test("docs/privacy.md has a row for every place of personal data, in the code's order", () => {
  const table = openTable({ connectionString: inject("storage") }, "unused");
  const places = placesOfPeople({
    eventsTable: table,
    ticketsTable: table,
    subscriptionsTable: table,
    eventLog: openEventLog({ table }),
    subscriptions: { erased: async () => {}, heldThrough: async () => 0 },
    settings: { eventRetentionDays: undefined, retentionMarginDays: 7, deletedTicketDays: 30 },
    now: Date.now,
  });
  const rows = readFileSync("docs/privacy.md", "utf8").match(/^\| `\w+` \| `\w+_TABLE`/gm) ?? [];
  expect(rows.map((row) => /`(\w+)`/.exec(row)?.[1])).toEqual(places.map(({ name }) => name));
});
