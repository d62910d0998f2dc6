import { describe, expect, inject, test } from "vitest";
import { openEventLog } from "../../shared/event-log/event-log.ts";
import { openTable } from "../../shared/storage/open-table.ts";
import { openTicketStore } from "../../shared/tickets/store/ticket-store.ts";
import { startTextApp } from "../app/start-app.ts";
import { stateAfter } from "../tickets/store/open-store.ts";
import { CHROMIUM, chat, openTab, useConsole } from "./browser.ts";

const unique = crypto.randomUUID().replaceAll("-", "");
const tables = { EVENTS_TABLE: `Events${unique}`, TICKETS_TABLE: `Tickets${unique}` };
const tableOf = (name: keyof typeof tables) =>
  openTable({ connectionString: inject("storage") }, tables[name]);

describe.skipIf(CHROMIUM === undefined)("pages of the console", () => {
  const tests = useConsole({ env: { ...tables, ALLOW_LOOPBACK_CALLBACKS: "true" } });
  const { open, deliver } = tests;

  test("the page of a ticket leads to its event, and the event's page says why no subscription got it", async () => {
    const { app } = tests;
    const { body: subscription } = await app.call("POST", "/subscriptions", {
      url: "http://127.0.0.1:9/nothing-listens-there",
      types: ["chat_ended"],
    });
    const { body: ticket } = await app.call("POST", "/tickets", {
      message: "It stays <b>dark</b>.",
      subject: "Dark lamp",
      requester: { mail: "tim@example.com", name: "Tim" },
    });
    await app.deliver("ticket-created", { event_type: "ticket_created", license_id: "12345678", ticket });
    await app.call("POST", "/reconcile/tickets");

    const { page, mishaps, close } = await open("/tickets");
    await page.getByRole("link", { name: ticket.id }).click();
    await page.getByRole("heading", { name: "Dark lamp" }).waitFor();
    await page.getByText("It stays <b>dark</b>.", { exact: true }).waitFor();
    await page.getByText("Tim, tim@example.com").waitFor();
    await page.getByRole("link", { name: "webhook" }).click();
    await page.getByRole("heading", { name: "Ticket created" }).waitFor();
    const name = `http://127.0.0.1:9/… (${subscription.id.slice(0, 6)})`;
    await page.getByText(`Not sent to ${name}: it does not receive "Ticket created"`).waitFor();
    await page.getByRole("button", { name: "Send again" }).click();
    await page.getByText("Failed: ECONNREFUSED").waitFor();
    expect(mishaps).toEqual([]);
    await close();
  });

  test("a ticket that is gone from LiveChat is marked on its page and in the list", async () => {
    const { app } = tests;
    const { body: ticket } = await app.call("POST", "/tickets", {
      message: "Hello",
      subject: "Soon gone",
      requester: { mail: "gone@example.com" },
    });
    await app.call("POST", "/reconcile/tickets");
    const writer = await openTicketStore({ table: tableOf("TICKETS_TABLE"), api: "v2" }).write();
    const items = await Array.fromAsync(writer.liveItems());
    const at = new Date().toISOString();
    await writer.commit({ state: writer.state ?? stateAfter(0), remove: { items, at } });

    const { page, close } = await open("/tickets?deleted=true");
    await page.locator("tr.gone", { hasText: "Soon gone" }).getByRole("link", { name: ticket.id }).click();
    await page.getByText("This ticket is gone from LiveChat").waitFor();
    await close();
  });

  test("the page of an event shows the trace of its delivery", async () => {
    const trace = "0af7651916cd43dd8448eb211c80319c";
    const { id } = await openEventLog({ table: tableOf("EVENTS_TABLE") }).append({
      type: "chat_ended",
      origin: "webhook",
      subjectId: "TRACED",
      people: [],
      raw: JSON.stringify(chat("TRACED", ["Hi"])),
      trace: `00-${trace}-b7ad6b7169203331-01`,
    });
    const { page, close } = await open(`/events/${id}`);
    await page.getByText(trace).waitFor();
    await close();
  });

  test("the list of chats jumps to a time, and shows the visitors and agents of that time", async () => {
    await deliver(chat("THEN", ["What about my order?"], { visitor: { name: "Nora" } }));
    const { page, close } = await open("/chats");
    await page.getByLabel("Jump to a time").fill("2020-01-01T15:00");
    await page.getByRole("button", { name: "Jump" }).click();
    await page.getByText(/Chats before place \d+/).waitFor();
    const row = page.getByRole("row", { name: /THEN/ });
    for (const name of ["Nora", "Sam"]) await row.getByText(name).waitFor();
    expect(new URL(page.url()).searchParams.get("before")).toMatch(/^\d+$/);
    await page.getByRole("link", { name: "Show the newest" }).click();
    await page.getByText("Show the newest").waitFor({ state: "detached" });
    await close();
  });

  test("on the Text platform, the page of the reconciliation shows the runs for chats", async () => {
    const text = await startTextApp();
    try {
      const { page, close } = await openTab(tests.browser, text.url, "/reconciliation");
      await page.getByRole("button", { name: "Run for chats now" }).click();
      const runs = page.getByRole("table", { name: "Runs for chats, the latest first" });
      await runs.getByText("completed").waitFor();
      expect(await page.getByRole("table", { name: /Runs for tickets/ }).count()).toBe(0);
      await close();
    } finally {
      await text.stop();
    }
  });
});
