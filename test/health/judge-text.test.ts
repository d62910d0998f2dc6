import { expect, test } from "vitest";
import { NotFound, TooManyRequests, UpstreamFailed, UpstreamRefused } from "../../shared/core/errors.ts";
import { openCallLedger } from "../../shared/health/call-ledger.ts";
import { judgeBilling, judgeLastCall, judgeVersion } from "../../shared/health/check-text.ts";
import { newTable } from "../event-log/deliveries.ts";

const at = "2026-01-15T09:00:00.000Z";
const failed = (failure: NonNullable<NonNullable<Parameters<typeof judgeLastCall>[0]>["failure"]>) =>
  judgeLastCall({ at, failure }).state;

test("after the last call, a missing scope and a 429 need attention, and other failures are bad", () => {
  expect(judgeLastCall(undefined).state).toBe("ok");
  expect(judgeLastCall({ at }).state).toBe("ok");
  expect(failed({ kind: "upstream-refused", summary: "", code: "authentication" })).toBe("bad");
  expect(failed({ kind: "upstream-refused", summary: "", code: "authorization" })).toBe("attention");
  expect(failed({ kind: "too-many-requests", summary: "" })).toBe("attention");
  expect(failed({ kind: "upstream-failed", summary: "" })).toBe("bad");
});

test("the timers' billed calls of a month are computed from the runs of a day", () => {
  const { detail } = judgeBilling({ month: "2026-01", calls: 12 }, { runsADay: 96, isRegistering: true });
  expect(detail).toBe(
    "12 calls to LiveChat were billed in 2026-01. The timers need about 11520 in a month of thirty days; each chat that ends needs one more.",
  );
});

test("an API version that LiveChat deprecates needs attention", () => {
  expect(judgeVersion("3.6", undefined).state).toBe("ok");
  expect(judgeVersion("3.6", { header: "Deprecation", day: "2026-09-01" })).toMatchObject({
    state: "attention",
    detail: expect.stringContaining("2026-09-01"),
  });
});

test("a ledger counts the billed calls of all instances, but for 500s, and knows how the last one went", async () => {
  const name = newTable().tableName;
  let time = Date.parse(at);
  const waiting: (() => void)[] = [];
  const open = () =>
    openCallLedger({
      table: () => newTable(name),
      now: () => time,
      later: (run) => void waiting.push(run),
    });
  const write = async () => {
    for (const run of waiting.splice(0)) await run();
  };
  const [one, two] = [open(), open()];
  one.note({ status: 200 });
  one.note({ status: 404 }, new NotFound("There is none."));
  one.note({ status: 500 }, new UpstreamFailed("LiveChat failed (500)."));
  one.note({}, new UpstreamFailed("LiveChat cannot be reached."));
  await write();
  time += 1_000;
  two.note({ status: 401 }, new UpstreamRefused("No.", { upstream: { code: "authentication" } }));
  await write();
  expect(await one.thisMonth()).toEqual({ month: "2026-01", calls: 3 });
  expect((await one.last())?.failure).toEqual({
    kind: "upstream-refused",
    summary: "No.",
    code: "authentication",
  });
  time += 1_000;
  one.note({ status: 429 }, new TooManyRequests("LiveChat's limit is used up."));
  expect((await one.last())?.failure?.kind).toBe("too-many-requests");
  time += 20 * 24 * 60 * 60_000;
  expect(await two.thisMonth()).toEqual({ month: "2026-02", calls: 0 });
});

test("a line about the API's version is due once a day", async () => {
  let time = Date.parse(at);
  const ledger = openCallLedger({ table: () => newTable(), now: () => time });
  const note = () => ledger.noteLifecycle({ header: "Legacy", day: "2026-09-01" });
  expect([note(), note()]).toEqual([true, false]);
  time += 24 * 60 * 60_000;
  expect(note()).toBe(true);
});
