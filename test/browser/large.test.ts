import { readFile } from "node:fs/promises";
import { describe, expect, inject, test } from "vitest";
import { openEventLog } from "../../shared/event-log/event-log.ts";
import { openTable } from "../../shared/storage/open-table.ts";
import { CHROMIUM, useConsole } from "./browser.ts";

const EVENTS_TABLE = `Events${crypto.randomUUID().replaceAll("-", "")}`;
const COUNT = process.env.LONG ? 50_000 : 300;
/** The number of events that are appended at the same time. */
const AT_ONCE = 100;

describe.skipIf(CHROMIUM === undefined)("a large log", () => {
  const tests = useConsole({ env: { EVENTS_TABLE } });

  test(`a log of ${COUNT} events can be opened, filtered, searched by time and exported`, {
    timeout: 600_000,
  }, async () => {
    const log = openEventLog({ table: openTable({ connectionString: inject("storage") }, EVENTS_TABLE) });
    for (let done = 0; done < COUNT; done += AT_ONCE) {
      await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => log.append(event(done + index))));
    }
    // The first visit loads the scripts, which the browser then keeps.
    const { page, mishaps, close } = await tests.open("/events");
    await page.locator("tbody tr").first().waitFor();
    const began = performance.now();
    await page.reload();
    await page.getByRole("link", { name: String(COUNT), exact: true }).waitFor();
    const took = performance.now() - began;
    if (process.env.LONG) expect(took).toBeLessThan(1_000);

    await page.getByRole("button", { name: "Older events" }).click();
    await page.getByRole("link", { name: String(COUNT - 60), exact: true }).waitFor();

    // The only event of its type is far from the end.
    await page.locator("select[name=type]").selectOption("ticket_created");
    const found = page.getByText("RARE");
    const further = page.getByRole("button", { name: "Look further back" });
    await found.or(further).first().waitFor();
    while (!(await found.isVisible())) {
      await further.click();
      await page.locator("main [aria-busy=true]").waitFor({ state: "detached" });
    }
    await page.getByRole("link", { name: "Clear" }).click();

    const saved = page.waitForEvent("download", { timeout: 120_000 });
    await page.getByRole("button", { name: "Export all" }).click();
    const exported = await readFile(await (await saved).path(), "utf8");
    expect(exported.trimEnd().split("\n")).toHaveLength(COUNT);

    await page.getByLabel("Jump to a time").fill("2020-01-01T00:00");
    await page.getByRole("button", { name: "Jump" }).click();
    await page.getByRole("link", { name: "1", exact: true }).waitFor();
    expect(mishaps).toEqual([]);
    await close();
  });
});

function event(index: number) {
  const isRare = index === 40;
  return {
    type: isRare ? ("ticket_created" as const) : ("chat_started" as const),
    origin: "webhook" as const,
    subjectId: isRare ? "RARE" : `C${index}`,
    people: [],
    occurredAt: new Date(1_768_470_000_000 + index).toISOString(),
    raw: JSON.stringify({
      event_type: isRare ? "ticket_created" : "chat_started",
      chat: { id: `C${index}` },
      ticket: { id: "RARE" },
    }),
  };
}
