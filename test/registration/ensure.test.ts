import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { operations } from "../../functions/operations.ts";
import { Webhooks as Upstream, type Webhook } from "../../local/sandbox/webhooks.ts";
import { Conflict, NotFound, UpstreamFailed, UpstreamRefused } from "../../shared/core/errors.ts";
import type { Webhook as ListedWebhook } from "../../shared/livechat/live-chat.ts";
import { describeStanding } from "../../shared/registration/describe.ts";
import {
  ensureRegistration,
  inspect,
  removeRegistration,
  type Webhooks,
} from "../../shared/registration/ensure.ts";
import {
  presents,
  requireReachable,
  urlWith,
  type WebhookTarget,
  wantedWebhooks,
} from "../../shared/registration/wanted.ts";

const current = { username: "livechat", password: "p@ss:w%rd/25%25?#ü" };
const previous = { username: "livechat", password: "before" };
const destination: WebhookTarget = { baseUrl: "https://app.example", credentials: [current, previous] };
const wanted = wantedWebhooks(destination);
const [started, ended, ticket] = wanted.map(({ receiver }) => receiver) as [string, string, string];
const CHAT = ["chat", "visitor", "pre_chat_survey"];

/** The sandbox's webhooks behind the calls of the client. */
function reach(upstream: Upstream): Webhooks {
  return {
    listWebhooks: async () =>
      upstream.list().map((webhook) => ({ ...webhook, licence: String(webhook.licence) })),
    createWebhook: async (webhook) => upstream.register(webhook as Parameters<Upstream["register"]>[0]),
    async deleteWebhook(id) {
      if (!upstream.list().some((webhook) => webhook.id === id)) throw new NotFound("no such webhook");
      upstream.remove(id);
    },
  };
}

/** Registers a webhook, with changes that the API would refuse. */
function put(upstream: Upstream, url: string, changes: Partial<Webhook> = {}): Webhook {
  const webhook = upstream.register({ event_type: "chat_started", data_types: ["chat"], url });
  return Object.assign(webhook, { data_types: CHAT }, changes);
}

const lead = (upstream: Upstream) =>
  upstream
    .list()
    .map(({ event_type, url }) => [event_type, url])
    .sort();
const asItShouldBe = wanted
  .map(({ event_type, receiver }) => [event_type, urlWith(current, receiver)])
  .sort();

test("each wanted webhook has the URL of an existing receiver", () => {
  // Receivers with a further segment are for the webhooks of the Text platform.
  const receivers = operations.filter(({ route }) => /^receivers\/[^/]+$/.test(route));
  expect(wanted.map(({ receiver }) => receiver)).toEqual(
    receivers.map(({ route }) => `https://app.example/api/${route}`),
  );
});

test("an empty account gets three webhooks with credentials in their URLs", async () => {
  const upstream = new Upstream(1);
  const done = await ensureRegistration(reach(upstream), destination);
  expect(done).toMatchObject({ created: 3, removed: 0 });
  expect(lead(upstream)).toEqual(asItShouldBe);
  for (const { url } of upstream.list()) expect(presents(url, current)).toBe(true);
  expect(upstream.list().map(({ data_types }) => data_types)).toEqual([CHAT, CHAT, ["ticket"]]);
});

test("a right registration needs one list of webhooks and no change", async () => {
  const upstream = new Upstream(1);
  await ensureRegistration(reach(upstream), destination);
  let looks = 0;
  const { listWebhooks } = reach(upstream);
  const looking = {
    listWebhooks() {
      looks++;
      return listWebhooks();
    },
  } as Partial<Webhooks> as Webhooks;
  expect(await ensureRegistration(looking, destination)).toMatchObject({ created: 0, removed: 0 });
  expect(looks).toBe(1);
});

test("only our stale, duplicate and incomplete webhooks are removed", async () => {
  const upstream = new Upstream(1);
  const foreign = [
    "https://other.example/api/receivers/chat-started",
    "https://app.example/api/receivers/chat-started/",
    "https://app.example/api/receivers/chat-started?x=1",
    "https://app.example:8443/api/receivers/chat-started",
    "https://app.example/other/hook",
    "http://app.example/api/receivers/chat-started",
    "https://app.example.evil.example/api/receivers/chat-started",
  ].map((url) => put(upstream, url).id);
  put(upstream, urlWith(previous, started));
  put(upstream, urlWith({ username: "livechat", password: "unknown" }, started));
  put(upstream, started);
  put(upstream, "https://%E0%A4%A@app.example/api/receivers/chat-started");
  put(upstream, urlWith(current, ended), { event_type: "chat_ended", data_types: ["chat"] });
  put(upstream, urlWith(current, ticket), { event_type: "chat_ended" });
  const double = () =>
    put(upstream, urlWith(current, ticket), { event_type: "ticket_created", data_types: ["ticket"] });
  const doubles = [double().id, double().id, double().id].sort();

  const { created, removed } = await ensureRegistration(reach(upstream), destination);
  expect({ created, removed }).toEqual({ created: 2, removed: 8 });
  const ours = upstream.list().filter(({ id }) => !foreign.includes(id));
  expect(ours.map(({ event_type, url }) => [event_type, url]).sort()).toEqual(asItShouldBe);
  expect(ours.map(({ id }) => id)).toContain(doubles[0]);
  expect(upstream.list().map(({ id }) => id)).toEqual(expect.arrayContaining(foreign));
});

test("unverified webhooks are replaced", async () => {
  const upstream = new Upstream(1);
  await ensureRegistration(reach(upstream), destination);
  for (const webhook of upstream.list()) webhook.verified = false;
  expect(await ensureRegistration(reach(upstream), destination)).toMatchObject({ created: 3, removed: 3 });
  expect(upstream.list().every(({ verified }) => verified)).toBe(true);
});

test("unverified webhooks are kept when their replacements are unverified", async () => {
  const upstream = new Upstream(1);
  await ensureRegistration(reach(upstream), destination);
  const { listWebhooks, ...rest } = reach(upstream);
  const never = {
    ...rest,
    listWebhooks: async () => (await listWebhooks()).map((one) => ({ ...one, verified: false })),
  };
  const { standings } = await ensureRegistration(never, destination);
  expect(standings.map(({ state }) => state)).toEqual(["unverified", "unverified", "unverified"]);
  expect(lead(upstream)).toEqual(asItShouldBe);
});

test("webhooks that LiveChat lists differently than registered do not accumulate", async () => {
  const upstream = new Upstream(1);
  const { listWebhooks, ...rest } = reach(upstream);
  const masked = {
    ...rest,
    listWebhooks: async () =>
      (await listWebhooks()).map((one) => ({ ...one, url: one.url.replace(/\/\/.*@/, "//***:***@") })),
  };
  const kept = put(upstream, urlWith(previous, started)).id;
  for (let day = 0; day < 3; day++) {
    await expect(ensureRegistration(masked, destination)).rejects.toThrow(
      "LiveChat does not list chat_started as it was registered.",
    );
  }
  expect(upstream.list().map(({ id }) => id)).toEqual([kept]);
});

test("after a failed creation the stale webhook is kept and the others are repaired", async () => {
  const upstream = new Upstream(1);
  put(upstream, urlWith(previous, started));
  const reached = reach(upstream);
  const refusing: Webhooks = {
    ...reached,
    async createWebhook(webhook) {
      if (webhook.event_type === "chat_started") throw new UpstreamRefused("no");
      return reached.createWebhook(webhook);
    },
  };
  await expect(ensureRegistration(refusing, destination)).rejects.toThrow(UpstreamRefused);
  expect(lead(upstream)).toEqual(
    [
      ...asItShouldBe.filter(([type]) => type !== "chat_started"),
      ["chat_started", urlWith(previous, started)],
    ].sort(),
  );
});

test("when several calls fail, the first webhook's error is thrown", async () => {
  const refusing: Webhooks = {
    ...reach(new Upstream(1)),
    async createWebhook({ event_type }) {
      throw event_type === "chat_started" ? new UpstreamRefused("no scope") : new UpstreamFailed("down");
    },
    areWebhooksOn: async () => false,
    async turnWebhooksOn() {
      throw new UpstreamFailed("no switch");
    },
  };
  await expect(ensureRegistration(refusing, destination)).rejects.toThrow("no scope");
});

test("when a creation fails again after room was made, its second error is thrown", async () => {
  const upstream = new Upstream(1);
  put(upstream, urlWith(previous, started));
  const errors = [new Conflict("no room"), new UpstreamFailed("down")];
  const full: Webhooks = {
    ...reach(upstream),
    async createWebhook({ event_type }) {
      throw event_type === "chat_started" ? errors.shift() : new UpstreamRefused("no");
    },
  };
  await expect(ensureRegistration(full, destination)).rejects.toThrow("down");
});

test("the error of a creation that succeeded later is not thrown", async () => {
  const upstream = new Upstream(1);
  put(upstream, urlWith(previous, started));
  const { createWebhook, ...webhooks } = reach(upstream);
  let isFull = true;
  const full: Webhooks = {
    ...webhooks,
    async createWebhook(webhook) {
      if (webhook.event_type === "ticket_created") throw new UpstreamFailed("down");
      if (webhook.event_type === "chat_started" && isFull) {
        isFull = false;
        throw new Conflict("no room");
      }
      return createWebhook(webhook);
    },
  };
  await expect(ensureRegistration(full, destination)).rejects.toThrow("down");
});

test("a removal removes exactly the webhooks of this app", async () => {
  const upstream = new Upstream(1);
  await ensureRegistration(reach(upstream), destination);
  put(upstream, started);
  const { id } = put(upstream, "https://app.example/other");
  expect(await removeRegistration(reach(upstream), destination)).toBe(4);
  expect(upstream.list().map((webhook) => webhook.id)).toEqual([id]);
  expect(await removeRegistration(reach(upstream), destination)).toBe(0);
});

test("the described state of a webhook has no credentials", async () => {
  const upstream = new Upstream(1);
  put(upstream, urlWith(previous, started));
  put(upstream, urlWith(current, ended), { event_type: "chat_ended" });
  put(upstream, urlWith(current, ended), { event_type: "chat_ended" });
  const described = (await inspect(reach(upstream), destination)).map(describeStanding);
  expect(described.map(({ event_type, state }) => [event_type, state])).toEqual([
    ["chat_started", "stale"],
    ["chat_ended", "double"],
    ["ticket_created", "missing"],
  ]);
  expect(described[0]).toMatchObject({
    url: "https://***:***@app.example/api/receivers/chat-started",
    detail: expect.stringContaining("previous password"),
    webhooks: [{ state: "previous credentials" }],
  });
  expect(described[1]?.webhooks.map(({ state }) => state)).toEqual(["right", "double"]);
  expect(JSON.stringify(described)).not.toMatch(/before|p@ss|p%40ss/);
});

describe("simulated instances", () => {
  const kinds = fc.record({
    receiver: fc.constantFrom(started, ended, ticket, "https://app.example/other"),
    credentials: fc.constantFrom(current, previous, { username: "", password: "" }),
    event_type: fc.constantFrom("chat_started", "chat_ended", "ticket_created"),
    data_types: fc.constantFrom(CHAT, ["ticket"], ["chat"]),
    verified: fc.boolean(),
  });
  /** The results of an instance's calls, in order. */
  const fate = fc.constantFrom("fine", "fine", "fine", "fails", "answer lost", "dies");

  test("parallel registrations with failures leave three webhooks and refuse no delivery", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(kinds, { maxLength: 8 }),
        fc.array(fc.array(fate, { maxLength: 14 }), { minLength: 1, maxLength: 3 }),
        fc.scheduler(),
        async (there, fates, scheduler) => {
          const upstream = new Upstream(1);
          for (const { receiver, credentials, ...rest } of there) {
            put(upstream, urlWith(credentials, receiver), rest as Partial<Webhook>);
          }
          const foreign = upstream.list().filter(({ url }) => url.endsWith("/other"));
          const heard = () =>
            wanted.filter((one) => isHeard(upstream.list(), one)).map(({ receiver }) => receiver);
          const before = heard();
          const lost: string[] = [];
          const reached = reach(upstream);

          fates.forEach((fates, instance) => {
            let calls = 0;
            const call = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
              const fate = fates[calls++] ?? "fine";
              await scheduler.schedule(Promise.resolve(), `${instance} ${name} ${fate}`);
              if (fate === "dies") return new Promise(() => {});
              if (fate === "fails") throw new UpstreamFailed("503");
              const result = await work();
              lost.push(...before.filter((receiver) => !heard().includes(receiver)));
              if (fate === "answer lost") throw new UpstreamFailed("cut", { outcomeUnknown: true });
              return result;
            };
            const faulty: Webhooks = {
              listWebhooks: () => call("list", reached.listWebhooks),
              createWebhook: (webhook) => call("create", () => reached.createWebhook(webhook)),
              deleteWebhook: (id) => call("delete", () => reached.deleteWebhook(id)),
            };
            ensureRegistration(faulty, destination).catch((error) => {
              if (!(error instanceof UpstreamFailed)) lost.push(String(error));
            });
          });
          await scheduler.waitIdle();
          await ensureRegistration(reached, destination);

          expect(lost).toEqual([]);
          const ours = upstream.list().filter((webhook) => !foreign.includes(webhook));
          expect(ours.map(({ event_type, url }) => [event_type, url]).sort()).toEqual(asItShouldBe);
          expect(upstream.list()).toEqual(expect.arrayContaining(foreign));
        },
      ),
      { numRuns: process.env.LONG ? 5_000 : 300 },
    );
  });
});

/** Whether a webhook delivers the event with the data and the credentials that the receiver needs. */
function isHeard(list: Omit<ListedWebhook, "licence">[], one: (typeof wanted)[number]): boolean {
  return list.some(
    ({ event_type, data_types = [], url }) =>
      event_type === one.event_type &&
      one.data_types.every((type) => data_types.includes(type)) &&
      destination.credentials.some((pair) => urlWith(pair, one.receiver) === url),
  );
}

test("a remote LiveChat can only deliver to a public address", () => {
  const liveChat = "https://api.livechatinc.com";
  expect(() => requireReachable("http://127.0.0.1:7071", liveChat)).toThrow("LiveChat cannot deliver there");
  expect(() => requireReachable("https://app.example", liveChat)).not.toThrow();
});

test("a local LiveChat can deliver to a local address", () => {
  expect(() => requireReachable("http://127.0.0.1:7071", "http://127.0.0.1:7072")).not.toThrow();
});
