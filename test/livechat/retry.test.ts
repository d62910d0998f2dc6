import { describe, expect, it, vi } from "vitest";
import {
  Conflict,
  NotFound,
  TooManyRequests,
  UpstreamFailed,
  UpstreamTimeout,
} from "../../shared/core/errors.ts";
import { retryAfterOf } from "../../shared/livechat/attempt.ts";
import type { LiveChat } from "../../shared/livechat/live-chat.ts";
import { pauseAfterFailure } from "../../shared/livechat/send.ts";
import {
  answer,
  connect,
  failureOf,
  hang,
  play,
  type Script,
  startUpstream,
  useVirtualTime,
  virtually,
} from "./upstream.ts";

const NEW_TICKET = { message: "Hi", requester: { mail: "r@example.com" } };
const ok: Script = (response) => answer(response, 200, { id: "T1", result: "T1 removed successfully" });
const get = (liveChat: LiveChat) => liveChat.getTicket("T1");
const post = (liveChat: LiveChat) => liveChat.createTicket(NEW_TICKET);
const put = (liveChat: LiveChat) => liveChat.updateTicket("T1", { tag: ["vip"] });
const remove = (liveChat: LiveChat) => liveChat.deleteAgent("T1");

/** Answers each request by the next script, and all further ones by the last. */
function inTurn(...scripts: Script[]): Script {
  return (response, arrival, nth) => scripts[Math.min(nth, scripts.length) - 1]?.(response, arrival, nth);
}

function refuse(headers: Record<string, string> = {}): Script {
  return (response) => answer(response, 429, { error: "slow down" }, headers);
}

const read = (value?: string, date?: string) =>
  retryAfterOf({
    headers: new Headers({ ...(value !== undefined && { "retry-after": value }), ...(date && { date }) }),
  });

it.each([
  ["1", 1_000],
  ["0", 0],
  ["0.5", 500],
  [" 7 ", 7_000],
  ["60", 60_000],
  ["61", 60_000],
  ["9".repeat(400), 60_000],
  [undefined, undefined],
  ["", undefined],
  ["-1", undefined],
  ["1e3", undefined],
  ["soon", undefined],
  ["Soon", undefined],
  ["1, 2", undefined],
])("Retry-After %j is %j ms", (value, expected) => {
  expect(read(value)).toBe(expected);
});

it("a date of any format in Retry-After is compared with the Date header", () => {
  const date = "Wed, 21 Oct 2015 07:28:00 GMT";
  expect(read("Wed, 21 Oct 2015 07:28:05 GMT", date)).toBe(5_000);
  expect(read("Wednesday, 21-Oct-15 07:28:05 GMT", date)).toBe(5_000);
  expect(read("2015-10-21T07:28:02.500Z", date)).toBe(2_500);
  expect(read("Wed, 21 Oct 2015 07:27:00 GMT", date)).toBe(0);
  expect(read("Wed, 21 Oct 2065 07:27:00 GMT", date)).toBe(60_000);
});

it("a date in Retry-After is compared with our clock without a Date header", () => {
  useVirtualTime();
  vi.setSystemTime(Date.parse("2026-01-15T09:00:00Z"));
  expect(read("Thu, 15 Jan 2026 09:00:20 GMT")).toBe(20_000);
});

describe("a 429", () => {
  it.each([
    ["GET", get],
    ["POST", post],
    ["PUT", put],
    ["DELETE", remove],
  ])("a %s is repeated once the seconds of a 429's Retry-After are over", async (method, call) => {
    const { outcome, times, arrivals } = await play(inTurn(refuse({ "retry-after": "3" }), ok), call);
    expect(outcome).not.toBeInstanceOf(Error);
    expect(times).toEqual([0, 3_000]);
    expect(arrivals.map((arrival) => arrival.method)).toEqual([method, method]);
    expect(arrivals[1]?.body).toBe(arrivals[0]?.body);
  });

  it("a call waits for the fraction of a second in a 429's Retry-After", async () => {
    const { times } = await play(inTurn(refuse({ "retry-after": "0.5" }), ok), get);
    expect(times).toEqual([0, 500]);
  });

  it("a call waits for the date in a 429's Retry-After, by upstream's clock", async () => {
    const headers = { date: "Wed, 21 Oct 2015 07:28:00 GMT", "retry-after": "Wed, 21 Oct 2015 07:28:04 GMT" };
    const { times } = await play(inTurn(refuse(headers), ok), get);
    expect(times).toEqual([0, 4_000]);
  });

  it("a call waits longer after each 429 without Retry-After, with jitter", async () => {
    const { times } = await play(inTurn(refuse(), refuse(), refuse(), ok), get);
    expect(times).toEqual([0, 500, 500 + 1_000, 500 + 1_000 + 2_000]);
  });

  it("a call waits longer than Retry-After after an earlier wait was too short", async () => {
    const { times } = await play(
      inTurn(refuse({ "retry-after": "0" }), refuse({ "retry-after": "0" }), ok),
      get,
    );
    expect(times).toEqual([0, 0, 1_000]);
  });

  it("a call ends at once when the Retry-After of a 429 exceeds its time", async () => {
    const { outcome, times, took } = await play(refuse({ "retry-after": "30" }), post);
    expect(outcome).toBeInstanceOf(TooManyRequests);
    expect(outcome).toMatchObject({
      retryAfter: 30,
      message: "LiveChat's limit is used up. Try again in 30 s.",
    });
    expect(times).toEqual([0]);
    expect(took).toBe(0);
  });

  it("a call that gets 429s until its time is used up fails with the remaining wait", async () => {
    const { outcome, times, took } = await play(refuse({ "retry-after": "8" }), get);
    expect(outcome).toBeInstanceOf(TooManyRequests);
    expect(times).toEqual([0, 8_000, 16_000, 24_000]);
    expect(took).toBe(24_000);
    expect(outcome).toMatchObject({ retryAfter: 8 });
  });

  it("a call ends at once if a 429 leaves less than a second for the next attempt", async () => {
    const { outcome, took } = await play(refuse({ "retry-after": "24.5" }), get);
    expect(outcome).toMatchObject({ retryAfter: 25 });
    expect(took).toBe(0);
  });

  it("a call that got a 429 is repeated before later calls are sent", async () => {
    // Calls on several connections may arrive in another order.
    const sent: { path: string; at: number }[] = [];
    const recordSent: typeof fetch = (request, init) => {
      sent.push({ path: new URL((request as Request).url).pathname, at: Date.now() });
      return fetch(request, init);
    };
    const { arrivals } = await play(
      inTurn(refuse({ "retry-after": "1" }), ok),
      (liveChat) => Promise.all(Array.from({ length: 40 }, (_, index) => liveChat.getTicket(`T${index}`))),
      { fetch: recordSent },
    );
    const afterPause = sent.filter(({ at }) => at > (sent[0]?.at ?? 0));
    expect(afterPause[0]?.path).toBe(arrivals[0]?.url);
    expect(afterPause.length).toBeGreaterThan(1);
  });

  it("a call waits at most a minute for a longer Retry-After", async () => {
    const { times } = await play(inTurn(refuse({ "retry-after": "86400" }), ok), get, {
      totalTimeout: 300_000,
    });
    expect(times).toEqual([0, 60_000]);
  });

  it("a 429 is recognised when its body never ends", async () => {
    const { outcome, times } = await play(inTurn(hang(429, { "retry-after": "2" }), ok), post);
    expect(outcome).toMatchObject({ id: "T1" });
    expect(times).toEqual([0, 10_000]);
  });
});

describe("a failure of LiveChat", () => {
  const failures: [string, Script][] = [
    ["500", (response) => answer(response, 500)],
    ["502 with a page", (response) => void response.writeHead(502).end("<html></html>")],
    ["a connection that breaks", (response) => response.destroy()],
    [
      "a body that is cut off",
      (response) => {
        response.writeHead(200, { "content-length": "100" });
        response.write('{"id":', () => response.destroy());
      },
    ],
    ["JSON that ends too early", (response) => void response.end('{"id":')],
  ];

  it.each(failures)("GET, PUT and DELETE are repeated twice and succeed after %s", async (_, script) => {
    for (const call of [get, put, remove]) {
      const { outcome, arrivals } = await play(inTurn(script, script, ok), call, { random: () => 0 });
      expect(outcome).not.toBeInstanceOf(Error);
      expect(arrivals).toHaveLength(3);
    }
  });

  it.each(failures)("a GET is repeated only twice after %s", async (_, script) => {
    const { outcome, times } = await play(script, get);
    expect(outcome).toBeInstanceOf(UpstreamFailed);
    expect(times).toEqual([0, 150, 150 + 300]);
  });

  it("a call is repeated after the Retry-After of a 503", async () => {
    const busy: Script = (response) => answer(response, 503, {}, { "retry-after": "5" });
    const { times } = await play(inTurn(busy, ok), get);
    expect(times).toEqual([0, 5_000]);
  });

  it("a call ends at once when the Retry-After of a 503 exceeds its time", async () => {
    const busy: Script = (response) => answer(response, 503, {}, { "retry-after": "40" });
    const { outcome, took } = await play(busy, get);
    expect(outcome).toBeInstanceOf(UpstreamFailed);
    expect(outcome).toMatchObject({ retryAfter: 40 });
    expect(took).toBe(0);
  });

  it.each([
    ["no answer", hang()],
    ["half an answer", hang(200)],
  ])(
    "a call is repeated twice after %s in time, within the limits of attempt and call",
    async (_, script) => {
      const { outcome, times, took } = await play(script, get);
      expect(outcome).toBeInstanceOf(UpstreamTimeout);
      expect(times).toEqual([0, 8_150, 16_450]);
      expect(took).toBe(24_450);
      const longer = await play(script, get, { attemptTimeout: 10_000, totalTimeout: 12_000 });
      expect(longer).toMatchObject({ times: [0, 10_150], took: 12_000 });
    },
  );

  it.each([
    ["no answer", hang()],
    ["half an answer", hang(200)],
  ])("a call succeeds when it is repeated after %s in time", async (_, script) => {
    expect((await play(inTurn(script, ok), get)).outcome).toMatchObject({ id: "T1" });
  });
});

describe("a removal", () => {
  const gone: Script = (response) => answer(response, 404, { error: "no such agent" });

  it("a removal answered 404 is in doubt after the lost answer of an earlier attempt", async () => {
    const { outcome } = await play(
      inTurn((response) => response.destroy(), gone),
      remove,
    );
    expect(outcome).toBeInstanceOf(NotFound);
    expect(outcome).toMatchObject({ outcomeUnknown: true });
  });

  it("a removal of a missing agent is NotFound without doubt, also after a 429", async () => {
    for (const script of [gone, inTurn(refuse({ "retry-after": "1" }), gone)]) {
      const { outcome } = await play(script, remove);
      expect(outcome).toBeInstanceOf(NotFound);
      expect(outcome).toMatchObject({ outcomeUnknown: undefined });
    }
  });

  it("a reading answered 404 is NotFound without doubt after a lost answer", async () => {
    const script = inTurn((response) => response.destroy(), gone);
    const { outcome } = await play(script, get);
    expect(outcome).toBeInstanceOf(NotFound);
    expect(outcome).toMatchObject({ outcomeUnknown: undefined });
  });
});

describe("an update with a message", () => {
  const say = (liveChat: LiveChat) => liveChat.updateTicket("T1", { message: "Hi", tag: ["vip"] });

  it("an update with a message is not repeated after a lost answer", async () => {
    const { outcome, arrivals } = await play((response) => response.destroy(), say);
    expect(outcome).toMatchObject({ outcomeUnknown: true });
    expect(arrivals).toHaveLength(1);
  });

  it("an update with a message is repeated after a 429", async () => {
    const { outcome, arrivals } = await play(inTurn(refuse({ "retry-after": "1" }), ok), say);
    expect(outcome).toMatchObject({ id: "T1" });
    expect(arrivals).toHaveLength(2);
  });
});

it.each([
  ["a first failure", 150, { failures: 0 }],
  ["a second failure", 300, { failures: 1 }],
  ["a third failure", undefined, { failures: 2 }],
  ["a failure of a creation", undefined, { effect: "create" }],
  ["a failure with a Retry-After of 2 s", 2_000, { retryAfter: 2 }],
] as const)("the pause after %s is %j ms", (_, pause, facts) => {
  const { retryAfter, effect, failures } = {
    retryAfter: undefined,
    effect: "read" as const,
    failures: 0,
    ...facts,
  };
  const error = new UpstreamFailed("Failed.", { retryAfter });
  expect(pauseAfterFailure(error, effect, failures, () => 0.5)).toBe(pause);
});

it.each([new NotFound("Unknown."), new RangeError("A defect.")])(
  "a call is not repeated after %s",
  (error) => {
    expect(pauseAfterFailure(error, "read", 0, () => 0.5)).toBeUndefined();
  },
);

it("a doubt stays when the repetition gets a 429", async () => {
  const lost: Script = (response) => response.destroy();
  const { outcome } = await play(inTurn(lost, refuse({ "retry-after": "50" })), put);
  expect(outcome).toBeInstanceOf(TooManyRequests);
  expect(outcome).toMatchObject({ outcomeUnknown: true });
});

describe("a deadline", () => {
  it("a call that expired while the process stood still is not sent", async () => {
    useVirtualTime();
    const { url, arrivals } = await startUpstream(ok);
    const liveChat = connect(url);
    const beforeSend = async () => {
      vi.setSystemTime(Date.now() + 3_000);
    };
    const call = liveChat.createTicket(NEW_TICKET, { deadline: Date.now() + 3_000, beforeSend });
    expect(await failureOf(virtually(liveChat, call))).toBeInstanceOf(UpstreamTimeout);
    expect(arrivals).toEqual([]);
  });

  it("a call is not sent when its beforeSend throws", async () => {
    useVirtualTime();
    const { url, arrivals } = await startUpstream(ok);
    const liveChat = connect(url);
    const conflict = new Conflict("Another instance has taken over.");
    const call = liveChat.createTicket(NEW_TICKET, { beforeSend: () => Promise.reject(conflict) });
    expect(await failureOf(virtually(liveChat, call))).toBe(conflict);
    expect(arrivals).toEqual([]);
  });

  it("a deadline replaces the call's own time limit", async () => {
    const later = await play(inTurn(refuse({ "retry-after": "40" }), ok), (liveChat) =>
      liveChat.getTicket("T1", { deadline: Date.now() + 60_000 }),
    );
    expect(later.times).toEqual([0, 40_000]);
    const sooner = await play(refuse({ "retry-after": "5" }), (liveChat) =>
      liveChat.getTicket("T1", { deadline: Date.now() + 3_000 }),
    );
    expect(sooner).toMatchObject({ took: 0, outcome: { retryAfter: 5 } });
  });

  it("a call whose deadline is in the past is not sent", async () => {
    const { outcome, times } = await play(ok, (liveChat) =>
      liveChat.getTicket("T1", { deadline: Date.now() }),
    );
    expect(outcome).toBeInstanceOf(UpstreamTimeout);
    expect(times).toEqual([]);
  });
});

it("a call that waits after a 429 ends when its signal is aborted", async () => {
  useVirtualTime();
  const leaving = new AbortController();
  const { url, arrivals } = await startUpstream((response) => {
    refuse({ "retry-after": "10" })(response, arrivals[0] as never, 1);
    setTimeout(() => leaving.abort(new Error("the caller left")), 2_000);
  });
  const liveChat = connect(url);
  const began = Date.now();
  const call = liveChat.getTicket("T1", { signal: leaving.signal });
  expect((await failureOf(virtually(liveChat, call))).message).toBe("the caller left");
  expect(Date.now() - began).toBe(2_000);
  expect(liveChat.usage()).toMatchObject({ waiting: 0, inFlight: 0 });
});
