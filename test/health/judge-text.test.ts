import { expect, test } from "vitest";
import { NotFound, TooManyRequests, UpstreamFailed, UpstreamRefused } from "../../shared/core/errors.ts";
import { openCallLedger } from "../../shared/health/call-ledger.ts";
import { judgeBilling, judgeLastCall, judgeVersion } from "../../shared/health/check-text.ts";
import { rememberedStandings } from "../../shared/health/registration-memory.ts";
import { putRow } from "../../shared/storage/rows.ts";
import { newTable } from "../event-log/deliveries.ts";
import "../no-time-limits.ts";

const at = "2026-01-15T09:00:00.000Z";
const failed = (failure: NonNullable<NonNullable<Parameters<typeof judgeLastCall>[0]>["failure"]>) =>
  judgeLastCall({ at, failure }).state;

test("a failed last call is bad, but a missing scope or a 429 needs attention", () => {
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

test("the call ledger has the billed calls and the last result of all instances", async () => {
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
  one.record({ status: 200 });
  one.record({ status: 404 }, new NotFound("There is none."));
  one.record({ status: 500 }, new UpstreamFailed("LiveChat failed (500)."));
  one.record({}, new UpstreamFailed("LiveChat cannot be reached."));
  await write();
  time += 1_000;
  two.record({ status: 401 }, new UpstreamRefused("No.", { upstream: { code: "authentication" } }));
  await write();
  expect(await one.thisMonth()).toEqual({ month: "2026-01", calls: 3 });
  expect((await one.last())?.failure).toEqual({
    kind: "upstream-refused",
    summary: "No.",
    code: "authentication",
  });
  time += 1_000;
  one.record({ status: 429 }, new TooManyRequests("LiveChat's limit is used up."));
  expect((await one.last())?.failure?.kind).toBe("too-many-requests");
  time += 20 * 24 * 60 * 60_000;
  expect(await two.thisMonth()).toEqual({ month: "2026-02", calls: 0 });
});

const LEGACY = { header: "Legacy", day: "2026-03-01" };
const DEPRECATION = { header: "Deprecation", day: "2026-09-01" };

test("a stored last call or standing with a wrong shape is read as absent", async () => {
  const table = newTable();
  const ledger = openCallLedger({ table: () => table, now: Date.now });
  for (const json of ["{", JSON.stringify({ when: at }), JSON.stringify({ at, failure: { kind: "odd" } })]) {
    for (const rowKey of ["calls:last", "registrations"]) {
      await putRow(table, { partitionKey: "health", rowKey, json });
    }
    expect(await ledger.last()).toBeUndefined();
    expect(await rememberedStandings(table)).toBeUndefined();
  }
});

test("each header about the end of the API's version is logged once a day", () => {
  let time = Date.parse(at);
  const name = newTable().tableName;
  const ledger = openCallLedger({ table: () => newTable(name), now: () => time });
  const record = () => [LEGACY, DEPRECATION].map((header) => ledger.recordLifecycle(header));
  expect(record()).toEqual([true, true]);
  expect(record()).toEqual([false, false]);
  time += 24 * 60 * 60_000;
  expect(record()).toEqual([true, true]);
});

test("the header Deprecation replaces a stored Legacy, but not the reverse", async () => {
  const name = newTable().tableName;
  const open = () => openCallLedger({ table: () => newTable(name), now: () => Date.parse(at) });
  const [one, two] = [open(), open()];
  one.recordLifecycle(LEGACY);
  await expect.poll(() => one.lifecycle()).toEqual(LEGACY);
  one.recordLifecycle(DEPRECATION);
  await expect.poll(() => one.lifecycle()).toEqual(DEPRECATION);
  two.recordLifecycle(LEGACY);
  for (let reading = 0; reading < 5; reading++) expect(await two.lifecycle()).toEqual(DEPRECATION);
});
