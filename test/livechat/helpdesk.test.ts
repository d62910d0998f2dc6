import { describe, expect, test } from "vitest";
import { startTextSandbox, type TextSandbox } from "../../local/sandbox/text/sandbox.ts";
import {
  InvalidInput,
  NoHelpDesk,
  NotFound,
  TooManyRequests,
  UpstreamFailed,
} from "../../shared/core/errors.ts";
import { createHelpDesk, type HelpDeskOptions } from "../../shared/livechat/helpdesk/client.ts";
import { fromHelpDesk, ticketIdIn } from "../../shared/livechat/helpdesk/from-helpdesk.ts";
import type { FoundTickets } from "../../shared/livechat/live-chat.ts";
import { createLiveChatText } from "../../shared/livechat/text/client.ts";
import type { TicketFilters } from "../../shared/schemas/ticket.ts";
import { failureOf } from "./upstream.ts";

const quick = { rateLimit: 100_000, random: () => 0 };

function connect({ helpDesk }: TextSandbox, options: Partial<HelpDeskOptions> = {}) {
  return createHelpDesk({ ...quick, url: helpDesk.url, ...helpDesk.credentials, ...options });
}

const roomy = { throttle: { limit: 1_000_000 } };
const idsOf = ({ tickets }: FoundTickets) => tickets.map(({ id }) => id);
const first = { page: 1, skip: 0, limit: 25 };

/** Finds all tickets by following next. */
async function readAll(
  desk: ReturnType<typeof connect>,
  filters: TicketFilters,
  limit: number,
  between = (): void => {},
): Promise<string[]> {
  const ids: string[] = [];
  for (let at: FoundTickets["next"] = {}; at; ) {
    const found: FoundTickets = await desk.findTickets(filters, { page: 1, skip: 0, ...at, limit });
    expect(found.tickets.length).toBeLessThanOrEqual(limit);
    ids.push(...idsOf(found));
    at = found.next;
    between();
  }
  return ids;
}

describe("the list of tickets", () => {
  test.each([1, 25, 100, 130])(
    "the pages after next contain each ticket once in either order, with limit %i",
    async (limit) => {
      await using sandbox = await startTextSandbox(roomy);
      const count = limit === 1 ? 40 : 450;
      const tickets = sandbox.helpDesk.desk.fill(count).map(({ ID }) => ID);
      const desk = connect(sandbox);
      expect(await readAll(desk, {}, limit)).toEqual(tickets.toReversed());
      expect(await readAll(desk, { order: "asc" }, limit)).toEqual(tickets);
    },
  );

  test.each(["desc", "asc"] as const)(
    "each unchanged ticket is listed once while others change and arrive, order %s",
    async (order) => {
      let now = Date.now();
      await using sandbox = await startTextSandbox({ ...roomy, now: () => now });
      const { desk: account } = sandbox.helpDesk;
      const tickets = account.fill(300).map(({ ID }) => ID);
      let step = 0;
      const changed = new Set<string>();
      const ids = await readAll(connect(sandbox), { order }, 25, () => {
        now += 60_000;
        const ID = tickets[(step++ * 37) % tickets.length] as string;
        changed.add(ID);
        account.change(ID, { subject: `Changed ${step}` });
        account.create({ requester: { email: "new@example.com" }, message: { text: "New" } });
      });
      expect(new Set(ids).size).toBe(ids.length);
      expect(tickets.filter((id) => !ids.includes(id) && !changed.has(id))).toEqual([]);
    },
  );

  test.each([-1, 1])(
    "the ascending list has each ticket when HelpDesk's clock is off by %i hours",
    async (hours) => {
      await using sandbox = await startTextSandbox({ ...roomy, now: () => Date.now() + hours * 3_600_000 });
      const tickets = sandbox.helpDesk.desk.fill(60).map(({ ID }) => ID);
      expect(await readAll(connect(sandbox), { order: "asc" }, 25)).toEqual(tickets);
    },
  );

  test("a reading without changes makes a single call", async () => {
    await using sandbox = await startTextSandbox(roomy);
    sandbox.helpDesk.desk.fill(3);
    const source = connect(sandbox).ticketSource();
    const since = { key: Date.now(), closed: true };
    const page = await source.read(source.begin({ since, now: Date.now(), live: 3 }));
    expect(page).toMatchObject({ items: [], end: { doubts: [] } });
    expect(sandbox.calls.count).toBe(1);
  });

  test("the list begins at any page of 25 tickets", async () => {
    await using sandbox = await startTextSandbox(roomy);
    const tickets = sandbox.helpDesk.desk
      .fill(260)
      .map(({ ID }) => ID)
      .toReversed();
    const desk = connect(sandbox);
    expect(idsOf(await desk.findTickets({}, { ...first, page: 3 }))).toEqual(tickets.slice(50, 75));
    expect(idsOf(await desk.findTickets({}, { page: 2, skip: 5, limit: 200 }))).toEqual(
      tickets.slice(30, 230),
    );
    expect((await desk.findTickets({}, { ...first, page: 12 })).tickets).toEqual([]);
  });

  test("a page after the first 4,000 tickets is InvalidInput", async () => {
    await using sandbox = await startTextSandbox(roomy);
    const desk = connect(sandbox);
    // Forty calls read 4,000 tickets.
    expect(await failureOf(desk.findTickets({}, { ...first, page: 161 }))).toBeInstanceOf(InvalidInput);
  });

  test("a cursor that no answer has given is refused with its path", async () => {
    await using sandbox = await startTextSandbox(roomy);
    const desk = connect(sandbox);
    expect(await failureOf(desk.findTickets({}, { ...first, cursor: "W10" }))).toMatchObject({
      problems: [
        {
          path: "cursor",
          message: "cursor must be copied unchanged from the previous answer's header Link.",
        },
      ],
    });
  });

  test("the list is filtered by HelpDesk, or by the app if HelpDesk lacks the filter", async () => {
    await using sandbox = await startTextSandbox(roomy);
    const { desk: account } = sandbox.helpDesk;
    const day = (date: string) => Date.parse(`${date}T12:00:00.000Z`);
    const create = (email: string, at: string, more: object = {}) =>
      account.create({ requester: { email }, message: { text: "Where?" }, ...more }, { at: day(at) }).ID;
    const [agent] = account.agents;
    const [tag] = account.tags;
    const anns = create("Ann@example.com", "2026-01-10");
    const joanns = create("joann@example.com", "2026-01-11", { status: "onhold", tagIDs: [tag?.ID] });
    const assigned = create("bob@example.com", "2026-01-12", {
      status: "closed",
      teamIDs: agent?.teamIDs,
      assignment: { agent: { ID: agent?.ID } },
    });
    const spam = create("spam@example.com", "2026-01-13");
    account.move(spam, "spam");
    account.change(anns, { subject: "Found" }, { at: day("2026-01-20") });
    const desk = connect(sandbox);
    const find = async (filters: TicketFilters) => idsOf(await desk.findTickets(filters, first));
    expect(await find({ "requester[mail]": "ann@EXAMPLE.com" })).toEqual([anns]);
    expect(await find({ status: "open" })).toEqual([anns]);
    expect(await find({ status: "pending" })).toEqual([joanns]);
    expect(await find({ status: "solved" })).toEqual([assigned]);
    expect(await find({ status: "spam" })).toEqual([spam]);
    expect(await find({ tag: "delivery" })).toEqual([joanns]);
    expect(await find({ tagged: "0" })).toEqual([anns, assigned]);
    expect(await find({ assigned: "1" })).toEqual([assigned]);
    expect(await find({ assignee: "SAM@example.com" })).toEqual([assigned]);
    expect(await find({ source: "mail", query: "found" })).toEqual([anns]);
    expect(await find({ date_from: "2026-01-11", date_to: "2026-01-12" })).toEqual([assigned, joanns]);
    // The ticket has no activity between its creation and its change.
    expect(await find({ date_from: "2026-01-10", date_to: "2026-01-10" })).toEqual([anns]);
    expect(await failureOf(desk.findTickets({ group: 3 }, first))).toMatchObject({
      problems: [{ path: "group" }],
    });
  });
});

describe("a ticket", () => {
  test("a new ticket is written by its requester and has v2's fields", async () => {
    await using sandbox = await startTextSandbox(roomy);
    const desk = connect(sandbox);
    const created = await desk.createTicket({
      message: "The lamp stays dark.",
      requester: { mail: "vera@example.com", name: "Vera" },
      subject: "Lamp",
      assignee: { id: "Sally@example.com" },
      source: { type: "chat-window" },
    });
    expect(created).toMatchObject({
      subject: "Lamp",
      status: "open",
      requester: { mail: "vera@example.com", name: "Vera" },
      assignee: { id: "sally@example.com", name: "Sally Sales" },
      currentGroup: { name: "Sales" },
      source: { type: "mail" },
      tags: [],
      events: [
        {
          type: "message",
          message: "The lamp stays dark.",
          is_private: false,
          author: { id: "vera@example.com", name: "Vera", type: "client" },
        },
      ],
      ignored_fields: ["source"],
    });
    expect(sandbox.helpDesk.desk.get(created.id).createdByType).toBe("client");
    const { ignored_fields: _, ...ticket } = created;
    expect(await desk.getTicket(created.id)).toEqual(ticket);
  });

  test("a ticket with an unknown id is NotFound", async () => {
    await using sandbox = await startTextSandbox(roomy);
    expect(await failureOf(connect(sandbox).getTicket("no-such-ticket"))).toBeInstanceOf(NotFound);
  });

  test("a ticket for an unknown assignee is refused with the path of the assignee", async () => {
    await using sandbox = await startTextSandbox(roomy);
    const unknown = {
      message: "x",
      requester: { mail: "v@example.com" },
      assignee: { id: "no@example.com" },
    };
    expect(await failureOf(connect(sandbox).createTicket(unknown))).toMatchObject({
      problems: [{ path: "assignee.id" }],
    });
  });

  test("a ticket has ids while names cannot be read, but a background call fails", async () => {
    await using sandbox = await startTextSandbox(roomy);
    const [tag] = sandbox.helpDesk.desk.tags;
    const { ID } = sandbox.helpDesk.desk.create({
      requester: { email: "vera@example.com" },
      message: { text: "Dark" },
      tagIDs: [tag?.ID],
    });
    const desk = connect(sandbox);
    const background = { priority: "background" } as const;
    sandbox.faults.plan({ do: "answer", status: 500, path: "/helpdesk/v1/tags", times: 100 });
    expect((await desk.getTicket(ID)).tags).toEqual([tag?.ID]);
    expect(await failureOf(desk.getTicket(ID, background))).toBeInstanceOf(UpstreamFailed);
    const source = desk.ticketSource(background);
    const first = source.begin({ now: Date.now(), live: 0 });
    expect(await failureOf(source.read(first))).toBeInstanceOf(UpstreamFailed);
    sandbox.faults.clear();
    expect((await desk.getTicket(ID, background)).tags).toEqual(["delivery"]);

    // A repetition cannot help when the token may not read the list.
    const other = connect(sandbox);
    sandbox.faults.plan({ do: "answer", status: 403, path: "/helpdesk/v1/tags", times: 100 });
    expect((await other.getTicket(ID, background)).tags).toEqual([tag?.ID]);
  });

  test("an update writes fields, tags by name and a message", async () => {
    await using sandbox = await startTextSandbox(roomy);
    const { desk: account } = sandbox.helpDesk;
    const [tag] = account.tags;
    const { ID } = account.create({
      requester: { email: "vera@example.com" },
      message: { text: "Dark" },
      tagIDs: [tag?.ID],
    });
    const desk = connect(sandbox);
    const updated = await desk.updateTicket(ID, {
      subject: "Lamp",
      assignee: { id: "sam@example.com" },
      tag: ["brand new", "Delivery"],
      message: "Still dark.",
    });
    expect(updated).toMatchObject({
      id: ID,
      subject: "Lamp",
      assignee: { id: "sam@example.com" },
      tags: ["delivery", "brand new"],
    });
    expect(updated.events?.at(-1)).toMatchObject({ type: "message", message: "Still dark." });
    expect(account.tags.map(({ name }) => name)).toEqual(["delivery", "brand new"]);
    expect((await desk.updateTicket(ID, { tag: [] })).tags).toEqual([]);
    expect(account.tags).toHaveLength(2);
  });

  test("a ticket gets a tag that another program created a moment ago", async () => {
    await using sandbox = await startTextSandbox(roomy);
    const { desk: account } = sandbox.helpDesk;
    const { ID } = account.create({
      requester: { email: "vera@example.com" },
      message: { text: "Dark" },
    });
    const desk = connect(sandbox);
    await desk.getTicket(ID);
    const { ID: tag } = account.createTag({ name: "lamp" });
    expect((await desk.updateTicket(ID, { tag: ["lamp"] })).tags).toEqual(["lamp"]);
    expect(account.get(ID).tagIDs).toEqual([tag]);
  });

  test("an update with a lost answer adds its message once, with an unknown outcome", async () => {
    await using sandbox = await startTextSandbox(roomy);
    const { ID } = sandbox.helpDesk.desk.create({
      requester: { email: "vera@example.com" },
      message: { text: "Dark" },
    });
    sandbox.faults.plan({ do: "answer", status: 503, method: "PATCH", committed: true });
    const desk = connect(sandbox);
    expect(await failureOf(desk.updateTicket(ID, { message: "Still dark." }))).toMatchObject({
      outcomeUnknown: true,
    });
    expect(sandbox.helpDesk.desk.get(ID).events).toHaveLength(2);
  });
});

describe("an account without HelpDesk", () => {
  test.each([401, 402, 403])(
    "each call of tickets is NoHelpDesk when HelpDesk answers %i",
    async (withoutLicence) => {
      await using sandbox = await startTextSandbox({ helpDesk: { withoutLicence } });
      const desk = connect(sandbox);
      for (const call of [
        () => desk.findTickets({}, first),
        () => desk.getTicket("1"),
        () => desk.createTicket({ message: "x", requester: { mail: "v@example.com" } }),
        () => desk.updateTicket("1", { subject: "x" }),
      ]) {
        expect(await failureOf(call())).toBeInstanceOf(NoHelpDesk);
      }
      expect(await desk.ticketsState()).toBe("refused");
    },
  );

  test("an account without HelpDesk lists only the webhooks of chats", async () => {
    await using sandbox = await startTextSandbox({ helpDesk: { withoutLicence: 403 } });
    const { url, credentials, helpDesk } = sandbox;
    const text = createLiveChatText({ ...quick, url, ...credentials, helpDeskUrl: helpDesk.url });
    expect(await text.listWebhooks()).toEqual([]);
    expect(await failureOf(text.listTicketWebhooks())).toBeInstanceOf(NoHelpDesk);
    const off = createLiveChatText({ ...quick, url, ...credentials });
    expect(await off.listWebhooks()).toEqual([]);
    expect(await off.ticketsState()).toBe("off");
    expect(await failureOf(off.findTickets({}, first))).toBeInstanceOf(NoHelpDesk);
  });
});

test("webhooks of tickets are registered, listed and removed apart from those of chats", async () => {
  await using sandbox = await startTextSandbox(roomy);
  const { url, credentials, helpDesk } = sandbox;
  const text = createLiveChatText({ ...quick, url, ...credentials, helpDeskUrl: helpDesk.url });
  const receiver = "https://app.example.com/api/receivers/helpdesk/tickets?key=k";
  const webhook = { event_type: "ticket_created", data_types: [], url: receiver, secret: "k" };
  const { id } = await text.createWebhook(webhook);
  expect(await text.listTicketWebhooks()).toMatchObject([
    { id, event_type: "ticket_created", url: receiver },
  ]);
  expect(await text.listWebhooks()).toEqual([]);
  await text.deleteWebhook(id);
  expect(helpDesk.webhooks.size).toBe(0);
});

test("HelpDesk's 429 is TooManyRequests of HelpDesk while LiveChat's limit has room", async () => {
  await using sandbox = await startTextSandbox({ throttle: { limit: 2 }, now: () => 0 });
  const desk = connect(sandbox);
  await desk.findTickets({}, first);
  await desk.findTickets({}, first);
  const failure = await failureOf(desk.findTickets({}, first));
  expect(failure).toBeInstanceOf(TooManyRequests);
  expect(failure).toMatchObject({
    message: "HelpDesk's limit is used up. Try again in 60 s.",
    retryAfter: 60,
  });
  const { url, credentials } = sandbox;
  expect(await createLiveChatText({ ...quick, url, ...credentials }).listAgents()).toHaveLength(3);
});

describe("fromHelpDesk", () => {
  const names = { agents: new Map(), teams: new Map(), tags: new Map() };

  test("a ticket without fields, or with fields of other types, is converted", () => {
    for (const odd of [
      { ID: "1" },
      { ID: "1", requester: 7, assignment: "x", events: {}, tagIDs: "a", source: [] },
    ]) {
      expect(fromHelpDesk(odd, names)).toMatchObject({ id: "1" });
    }
  });

  test("HelpDesk's statuses and assignments become v2's", () => {
    const events = [
      { ID: 2, type: "assignment", assignment: { old: {}, new: { agent: { ID: "a", name: "Jane" } } } },
      { ID: 3, type: "status", status: { old: "open", new: "closed" } },
    ];
    expect(fromHelpDesk({ ID: "1", status: "onhold", events }, names)).toMatchObject({
      status: "pending",
      helpdesk_status: "onhold",
      events: [
        { id: 2, type: "assignee_changed", to: { id: "a", name: "Jane" } },
        { id: 3, type: "status", from: "open", to: "solved" },
      ],
    });
  });

  test.each<[string, unknown, string | undefined]>([
    ["payload", { eventType: "tickets.create", payload: { ID: "1" } }, "1"],
    ["payload.ticket", { payload: { ticket: { ID: "1" }, event: {} } }, "1"],
    ["ticket", { ticket: { ID: "1" } }, "1"],
    ["bare", { ID: "1" }, "1"],
    ["none", { payload: { ID: 7 } }, undefined],
    ["no object", ["ID"], undefined],
  ])("the id of a created ticket is read from a webhook's body: %s", (_, body, id) => {
    expect(ticketIdIn(body)).toBe(id);
  });
});
