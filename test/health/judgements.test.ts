import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvalidInput, NotFound, TooManyRequests } from "../../shared/core/errors.ts";
import { isLoopback } from "../../shared/core/loopback.ts";
import { judgeProbe, judgeReach } from "../../shared/health/check-address.ts";
import { judgeDeliveries, judgeTicketWebhook } from "../../shared/health/check-deliveries.ts";
import { judgeBudget, judgeLiveChatFailure } from "../../shared/health/check-livechat.ts";
import { judgeQuarantine } from "../../shared/health/check-quarantine.ts";
import {
  judgeReconciliation,
  type ReconciliationFacts,
  TICKET_RUNS,
} from "../../shared/health/check-reconciliation.ts";
import { judgeRefusals } from "../../shared/health/check-refusals.ts";
import { judgeLicence, judgeRegistration } from "../../shared/health/check-registrations.ts";
import { assessAll } from "../../shared/registration/assess.ts";
import { urlWith, type WebhookTarget, wantedWebhooks } from "../../shared/registration/wanted.ts";
import type { RunRecord } from "../../shared/schemas/reconcile.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const iso = (time: number) => new Date(time).toISOString();

describe("deliveries", () => {
  /** A Thursday, 12:00. */
  const noon = Date.parse("2026-01-15T12:00:00.000Z");

  const judge = (events: number[], now: number) =>
    judgeDeliveries("chat_ended", events.length > 0 ? iso(Math.max(...events)) : undefined, {
      now,
      count: async (from, to) => events.filter((at) => iso(at) >= from && iso(at) < to).length,
    });

  /** An event every `every` milliseconds from nine to five on working days, until a moment. */
  function* officeHours(every: number, until: number): Generator<number> {
    for (let at = until - 40 * DAY; at < until; at += every) {
      const date = new Date(at);
      const [hour, day] = [date.getUTCHours(), date.getUTCDay()];
      if (hour >= 9 && hour < 17 && day >= 1 && day <= 5) yield at;
    }
  }

  test("a busy account that falls silent is reported within the hour", async () => {
    const events = [...officeHours(2 * MINUTE, noon)];
    expect((await judge(events, noon + 20 * MINUTE)).state).toBe("ok");
    const { state, detail } = await judge(events, noon + 35 * MINUTE);
    expect(state).toBe("attention");
    expect(detail).toContain("In the same hours of each of the last three weeks there were 19 or more.");
  });

  test("the silent evenings and weekends of a busy account are ok", async () => {
    const friday = Date.parse("2026-01-16T17:00:00.000Z");
    const events = [...officeHours(2 * MINUTE, friday)];
    for (let hours = 1; hours < 64; hours++) {
      expect((await judge(events, friday + hours * HOUR)).state).toBe("ok");
    }
    expect((await judge(events, friday + 65 * HOUR)).state).toBe("attention");
  });

  test("silence is ok if the account was closed in one of the last three weeks", async () => {
    const off = [noon - 15 * DAY, noon - 13 * DAY] as const;
    const events = [...officeHours(2 * MINUTE, noon)].filter((at) => at < off[0] || at > off[1]);
    expect((await judge(events, noon + 2 * HOUR)).state).toBe("ok");
  });

  test("a quiet account raises no false alarm in a month", async () => {
    // Random events, on average one in three hours, judged every hour for a month.
    const random = fc.sample(fc.double({ min: 1e-9, max: 1, noNaN: true }), { seed: 7, numRuns: 800 });
    const events: number[] = [];
    for (let at = noon - 60 * DAY, next = 0; at < noon; next++) {
      at += -Math.log(random[next % random.length] ?? 1) * 3 * HOUR;
      events.push(at);
    }
    let alarms = 0;
    for (let now = noon - 30 * DAY; now < noon; now += HOUR) {
      const { state } = await judge(
        events.filter((at) => at <= now),
        now,
      );
      if (state !== "ok") alarms++;
    }
    expect(alarms).toBe(0);
  });

  test("an account with less than three weeks of deliveries is ok", async () => {
    expect(await judge([], noon)).toEqual({ state: "ok", detail: "No chat_ended was received yet." });
    const young = [...officeHours(2 * MINUTE, noon)].filter((at) => at > noon - 15 * DAY);
    expect((await judge(young, noon + 3 * HOUR)).state).toBe("ok");
  });

  test("the ticket webhook needs attention when runs find half of the new tickets", () => {
    const runs = (recovered: number, added: number, mode: RunRecord["mode"] = "incremental") =>
      Array.from({ length: 20 }, () => ({ mode, recovered, added }) as RunRecord);
    expect(judgeTicketWebhook(runs(1, 1))?.state).toBe("attention");
    expect(judgeTicketWebhook(runs(0, 10))).toBeUndefined();
    // The runs found these tickets just before their webhooks came.
    expect(judgeTicketWebhook(runs(1, 10))).toBeUndefined();
    expect(judgeTicketWebhook([...runs(1, 1).slice(0, 2), ...runs(0, 0)])).toBeUndefined();
    expect(judgeTicketWebhook(runs(25, 25, "first"))).toBeUndefined();
    expect(judgeTicketWebhook([])).toBeUndefined();
  });
});

describe("the reconciliation", () => {
  const noon = Date.parse("2026-01-15T12:00:00.000Z");
  const run = (startedAt: number, outcome: RunRecord["outcome"], reason?: string) =>
    ({ startedAt: iso(startedAt), outcome, reason }) as RunRecord;
  const judge = (more: Partial<ReconciliationFacts>) =>
    judgeReconciliation(
      { runs: [], odd: [], installed: iso(noon), schedule: "0 */5 * * * *", ...more },
      noon,
      TICKET_RUNS,
    );

  test("the reconciliation is ok until three runs were due after its last success", () => {
    expect(judge({ lastSuccess: iso(noon - 14 * MINUTE) })).toEqual({
      state: "ok",
      detail: "The last success was at 2026-01-15T11:46:00.000Z.",
    });
    expect(judge({ lastSuccess: iso(noon - 16 * MINUTE) }).state).toBe("bad");
  });

  test("the reconciliation needs attention while tickets have no id or are odd", () => {
    const lastSuccess = iso(noon - MINUTE);
    expect(judge({ lastSuccess, odd: ["T1", "T2"] })).toMatchObject({
      state: "attention",
      detail: expect.stringContaining("2 (T1, T2)"),
    });
    const odd = Array.from({ length: 6 }, (_, index) => `T${index}`);
    expect(judge({ lastSuccess, odd }).detail).toContain("6 (T0, T1, T2, T3, T4, …)");
    const runs = [{ ...run(noon, "completed"), withoutId: 3 }];
    expect(judge({ lastSuccess, runs })).toMatchObject({
      state: "attention",
      detail: expect.stringContaining("without an id are not stored: 3"),
    });
  });

  test("the reconciliation of a new app is ok until three runs were due", () => {
    expect(judge({ installed: iso(noon - 10 * MINUTE) }).state).toBe("ok");
    expect(judge({ installed: iso(noon - 20 * MINUTE) })).toMatchObject({
      state: "bad",
      detail: "No run has succeeded yet. Three runs were due since then.",
      action: expect.stringMatching(/^The timer does not run: .*ReconcileTicketsTimer/),
    });
  });

  test("missed runs of a stopped timer have another action than failing runs", () => {
    const lastSuccess = iso(noon - 60 * MINUTE);
    const failing = judge({
      lastSuccess,
      runs: [run(noon - MINUTE, "failed", "LiveChat failed (500).")],
    });
    expect(failing).toMatchObject({
      state: "bad",
      detail: expect.stringContaining("failed: LiveChat failed (500)."),
      action: expect.stringMatching(/^Fix the cause/),
    });
    const stopped = judge({ lastSuccess, runs: [run(noon - 60 * MINUTE, "completed")] });
    expect(stopped.action).toMatch(/^The timer does not run/);
  });

  test("the reconciliation needs attention after one failed run", () => {
    const lastSuccess = iso(noon - 6 * MINUTE);
    expect(judge({ lastSuccess, runs: [run(noon - MINUTE, "failed", "No.")] }).state).toBe("attention");
  });

  test("the finding about the reconciliation shows the progress of a long reading", () => {
    const lastSuccess = iso(noon - 6 * MINUTE);
    const progress = {
      mode: "sweep",
      startedAt: lastSuccess,
      page: 12,
      pages: 40,
      expectedEnd: iso(noon + HOUR),
    } as const;
    expect(judge({ lastSuccess, progress }).detail).toContain(
      "A reading (sweep) is at page 12 of 40, and ends about 2026-01-15T13:00:00.000Z.",
    );
  });

  test.each(["0 0 0 30 2 *", "99 * * * * *"])("a schedule that never comes due is bad: %s", (schedule) => {
    expect(judge({ lastSuccess: iso(noon - MINUTE), schedule })).toMatchObject({
      state: "bad",
      detail: expect.stringContaining(`TICKETS_RECONCILE_SCHEDULE ("${schedule}") never comes due`),
    });
  });

  test("the time that three missed runs take depends on the schedule", () => {
    const lastSuccess = iso(noon - 2 * DAY);
    expect(judge({ lastSuccess, schedule: "0 0 0 * * *" }).state).toBe("ok");
    expect(judge({ lastSuccess, schedule: "0 0 */6 * * *" }).state).toBe("bad");
  });
});

describe("registrations", () => {
  const destination: WebhookTarget = {
    baseUrl: "https://app.example",
    credentials: [
      { username: "livechat", password: "now" },
      { username: "livechat", password: "before" },
    ],
  };
  const wanted = wantedWebhooks(destination);
  const all = (password: string, verified = true) =>
    wanted.map(({ receiver, ...rest }, id) => ({
      ...rest,
      id: String(id),
      verified,
      licence: "12345678",
      url: urlWith({ username: "livechat", password }, receiver),
    }));
  const now = Date.parse("2026-01-15T12:00:00.000Z");
  const judge = (found: ReturnType<typeof all>, age = DAY) =>
    judgeRegistration(assessAll(found, destination), { installed: iso(now - age), now });

  test("wrong webhooks are bad unless they deliver or the app is new", () => {
    expect(judge(all("now")).state).toBe("ok");
    expect(judge(all("before"))).toMatchObject({
      state: "attention",
      detail: expect.stringContaining("previous password"),
    });
    expect(judge([...all("now"), ...all("now").map((one) => ({ ...one, id: `${one.id}0` }))]).state).toBe(
      "attention",
    );
    expect(judge(all("now", false)).action).not.toContain("POST /registration");
    expect(judge(all("unknown"))).toMatchObject({ state: "bad", detail: expect.stringContaining("refused") });
    expect(judge(all("now").slice(1))).toMatchObject({
      state: "bad",
      detail: "chat_started: Not registered: LiveChat does not report these events.",
      action: expect.stringContaining("POST /registration"),
    });
    expect(judge([], 10 * MINUTE).state).toBe("attention");
  });

  test("webhooks that are switched off are bad", () => {
    const standings = assessAll(all("now"), destination, false);
    expect(judgeRegistration(standings, { installed: iso(now - DAY), now })).toMatchObject({
      state: "bad",
      detail: expect.stringContaining("switched off"),
    });
  });

  test("a LIVECHAT_LICENSE_ID of another account is bad", () => {
    expect(judgeLicence(all("now"), undefined)).toBeUndefined();
    expect(judgeLicence(all("now"), "12345678")).toBeUndefined();
    expect(judgeLicence([], "1")).toBeUndefined();
    expect(judgeLicence(all("now"), "1")).toMatchObject({
      state: "bad",
      action: "Set LIVECHAT_LICENSE_ID to 12345678, or remove it.",
    });
  });
});

test("a nearly used-up budget or a pause by LiveChat needs attention", () => {
  const usage = { limit: 100, used: 10, waiting: 0, pausedFor: 0 };
  expect(judgeBudget(usage).state).toBe("ok");
  expect(judgeBudget({ ...usage, used: 95, waiting: 3 })).toMatchObject({
    state: "attention",
    detail: "This instance has made 95 of the 100 calls that it may make in a minute; 3 more wait.",
  });
  expect(judgeBudget({ ...usage, pausedFor: 12_400 }).detail).toContain("for another 13 s");
});

test("throttling by LiveChat needs attention for half an hour, then is bad", () => {
  const now = Date.parse("2026-01-15T12:00:00.000Z");
  const judge = (minutes: number) =>
    judgeLiveChatFailure(new TooManyRequests("LiveChat's limit is used up."), {
      since: iso(now - minutes * MINUTE),
      now,
    });
  expect(judge(5).state).toBe("attention");
  expect(judge(31)).toMatchObject({
    state: "bad",
    detail: "LiveChat's limit is used up. This began at 2026-01-15T11:29:00.000Z.",
  });
});

test.each([
  ["404", new NotFound("LiveChat has nothing there.", { upstream: { status: 404 } })],
  ["410", new NotFound("LiveChat has nothing there.", { upstream: { status: 410 } })],
  ["unsupported_version", new InvalidInput("It refuses.", { upstream: { code: "unsupported_version" } })],
])("a retired API v2 (%s) is bad, with the action to set LIVECHAT_API", (_, error) => {
  expect(judgeLiveChatFailure(error)).toMatchObject({
    state: "bad",
    action: expect.stringContaining("set LIVECHAT_API to text"),
  });
});

test.each([
  [{ count: 1, more: false }, "1 delivery was not readable and is kept aside."],
  [{ count: 2, more: false }, "2 deliveries were not readable and are kept aside."],
  [{ count: 1_000, more: true }, "1000 or more deliveries were not readable and are kept aside."],
])("quarantined deliveries need attention with their count: %j", (quarantined, detail) => {
  expect(judgeQuarantine(quarantined)).toMatchObject({
    state: "attention",
    detail,
    count: quarantined.count,
  });
});

test("an empty quarantine is ok", () => {
  expect(judgeQuarantine({ count: 0, more: false })).toEqual({
    state: "ok",
    detail: "The quarantine is empty.",
    count: 0,
  });
});

describe("refused deliveries", () => {
  test("refused deliveries are shown with a count, a cause and an action for each reason", () => {
    const finding = judgeRefusals({ unauthorized: 3, forbidden: 1, "invalid-input": 2 });
    expect(finding).toMatchObject({
      state: "attention",
      detail: [
        "3 deliveries refused with 401 in the last hour: the password at LiveChat differs.",
        "1 delivery refused with 403 in the last hour: the events are of another licence than LIVECHAT_LICENSE_ID.",
        "2 deliveries refused with 400 in the last hour: the body was not JSON in UTF-8.",
      ].join(" "),
      action: expect.stringMatching(/LIVECHAT_WEBHOOK_PASSWORD.*LIVECHAT_LICENSE_ID.*gateway/),
    });
  });

  test("any number of calls without credentials is ok", () => {
    expect(judgeRefusals({ "no-credentials": 4_711 })).toEqual({
      state: "ok",
      detail:
        "No delivery was refused in the last hour. 4711 calls came without any credentials in the last hour.",
    });
  });
});

describe("the address", () => {
  test("a WEBHOOK_BASE_URL of this machine is bad unless LiveChat runs there", () => {
    expect(judgeReach({ baseIsLocal: true, liveChatIsLocal: false })?.state).toBe("bad");
    expect(judgeReach({ baseIsLocal: true, liveChatIsLocal: true })).toBeUndefined();
    expect(judgeReach({ baseIsLocal: false, liveChatIsLocal: false })).toBeUndefined();
  });

  test.each([
    ["http://localhost:7071", true],
    ["http://127.0.0.1", true],
    ["https://127.1.2.3/x", true],
    ["http://[::1]:7071", true],
    ["https://127.0.0.1.example.com", false],
    ["https://app.example", false],
  ])("isLoopback(%j) is %s", (url, local) => {
    expect(isLoopback(url)).toBe(local);
  });

  test("WEBHOOK_BASE_URL is ok only when a receiver of this app answers there", () => {
    const judge = (probe: Parameters<typeof judgeProbe>[1]) => judgeProbe("https://a.example", probe).state;
    expect(judge({ status: 401, type: "application/problem+json" })).toBe("ok");
    expect(judge({ status: 401, type: "text/html" })).toBe("attention");
    expect(judge({ reason: "ECONNREFUSED" })).toBe("attention");
  });
});
