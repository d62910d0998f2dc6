import { describe, expect, it } from "vitest";
import { startSandbox } from "../../local/sandbox/sandbox.ts";
import type { Variants } from "../../local/sandbox/variants.ts";
import { InvalidInput, NotFound, UpstreamRefused } from "../../shared/core/errors.ts";
import { createLiveChatV2 } from "../../shared/livechat/v2/client.ts";
import { failureOf } from "./upstream.ts";

const spellings: Record<string, Partial<Variants>> = {
  "of LiveChat's reference": {
    ticket: "wrapped",
    times: "epoch",
    listGroups: "ids",
    absent: "null",
  },
  "of Microsoft's connector": { ticket: "bare", times: "iso", listGroups: "objects", absent: "missing" },
};

describe.each(Object.entries(spellings))("an account with the shapes %s", (_, variants) => {
  it("agents, tickets and webhooks are created, read, changed and removed", async () => {
    await using sandbox = await startSandbox({ variants });
    const liveChat = createLiveChatV2({ ...sandbox.credentials, url: sandbox.url, rateLimit: 100 });

    const login = "ann+1@example.com";
    const agent = await liveChat.createAgent({ login, name: "Ann", max_chats_count: 3, job_title: "Lead" });
    expect(agent).toMatchObject({
      login,
      name: "Ann",
      max_chats_count: 3,
      job_title: "Lead",
      permission: "normal",
    });
    expect((await liveChat.listAgents()).map((other) => other.login)).toContain(login);

    const ticket = await liveChat.createTicket({
      message: "The lamp stays dark",
      requester: { mail: "vera@example.com", name: "Vera" },
      assignee: { id: login },
    });
    expect(ticket).toMatchObject({ requester: { mail: "vera@example.com" }, assignee: { id: login } });
    expect(ticket.date).toMatch(/^\d{4}-.*T.*\.\d{3}Z$/);
    expect(await liveChat.getTicket(ticket.id)).toEqual(ticket);
    expect((await liveChat.updateTicket(ticket.id, { tag: ["vip", "lämp"] })).tags).toEqual(["vip", "lämp"]);

    const firstPage = { page: 1, skip: 0, limit: 25 };
    const filters = { "requester[mail]": "vera@example.com", tag: "lämp" };
    const found = await liveChat.findTickets(filters, firstPage);
    expect(found).toMatchObject({ total: 1, pages: 1, tickets: [{ id: ticket.id }] });
    expect(await liveChat.findTickets({ tag: "other" }, firstPage)).toMatchObject({ total: 0, tickets: [] });

    const wanted = { event_type: "chat_ended", data_types: ["chat"], url: "https://u:p@example.com/hook" };
    const webhook = await liveChat.createWebhook({ ...wanted, secret: "unused" });
    expect(webhook).toMatchObject(wanted);
    expect(await liveChat.listWebhooks()).toEqual([webhook]);
    await liveChat.deleteWebhook(webhook.id);
    expect(await liveChat.listWebhooks()).toEqual([]);

    expect(await liveChat.deleteAgent(login)).toEqual({ result: `${login} removed successfully` });
    expect(await failureOf(liveChat.deleteAgent(login))).toBeInstanceOf(NotFound);
    expect(await failureOf(liveChat.createAgent({ login: "nobody", name: "N" }))).toBeInstanceOf(
      InvalidInput,
    );
    const stranger = createLiveChatV2({
      ...sandbox.credentials,
      apiKey: "wrong",
      url: sandbox.url,
      rateLimit: 100,
    });
    expect(await failureOf(stranger.listAgents())).toBeInstanceOf(UpstreamRefused);
  });
});
