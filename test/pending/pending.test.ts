import { expect, test } from "vitest";
import { openPending } from "../../shared/pending/pending.ts";
import { newTable } from "../event-log/deliveries.ts";

test("items are tried in the order of their due times, until the time is over", async () => {
  let time = Date.parse("2026-03-01T12:00:00.000Z");
  const tried: string[] = [];
  const pending = openPending<{ id: string }, "done" | "waiting">({
    ...{ table: newTable(), partitionKey: "pending", kind: "item", name: "list of items" },
    outcomes: { done: 0, waiting: 0 },
    waitingAs: () => "waiting",
    async attempt({ id }) {
      tried.push(id);
      time += 1_000;
      return { outcome: "done" };
    },
    now: () => time,
  });
  const ids = ["1", "2", "3", "4", "5", "6", "7", "8"];
  for (const id of ids) {
    await pending.keep(id, { id });
    time += 1_000;
  }
  time += 60_000;
  expect(await pending.settleDue({ budgetMs: 5_000 })).toEqual({ done: 5, waiting: 3 });
  expect(tried).toEqual(ids.slice(0, 5));
});
