import { expect, inject, test } from "vitest";
import { OutcomeUnknown } from "../../shared/storage/failures.ts";
import { acquireLease, LeaseLost } from "../../shared/storage/lease.ts";
import { openTable } from "../../shared/storage/open-table.ts";
import { putRow, readRow } from "../../shared/storage/rows.ts";
import { cutAfter, cutBefore, type Fault, inject as injectFault } from "./faults.ts";

const storage = { connectionString: inject("storage") };
const table = openTable(storage, "Leases");
const START = Date.parse("2026-01-01T00:00:00.000Z");
/** Storage also measures the age of a lease, in real time: an hour, so that only virtual time ends a lease. */
const TTL = 3_600_000;

function setUp(rowKey: string) {
  let time = START;
  const key = { partitionKey: "p", rowKey };
  return {
    pass: (milliseconds: number) => {
      time += milliseconds;
    },
    acquire: (holder: string, on = table) => acquireLease(on, key, { holder, ttlMs: TTL, now: () => time }),
  };
}

test("a held lease is refused with the name of its holder and its start", async () => {
  const { acquire, pass } = setUp("one");
  const lease = await acquire("first");
  pass(TTL - 1);
  await expect(acquire("second")).rejects.toThrow(
    new LeaseLost("Another run (first) has been in progress since 2026-01-01T00:00:00.000Z."),
  );
  await lease.release();
  await acquire("second");
  await expect(acquire("third")).rejects.toThrow(
    new LeaseLost("Another run (second) has been in progress since 2026-01-01T00:59:59.999Z."),
  );
});

test("one of eight instances that take a lease at once gets it", async () => {
  const { acquire } = setUp("race");
  const results = await Promise.allSettled(Array.from({ length: 8 }, (_, index) => acquire(`h${index}`)));
  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  for (const result of results)
    if (result.status === "rejected") expect(result.reason).toBeInstanceOf(LeaseLost);
});

test("a lease that was not renewed in time goes to another holder", async () => {
  const { acquire, pass } = setUp("dead");
  const dead = await acquire("dead");
  await expect(acquire("alive")).rejects.toThrow("Another run (dead)");
  pass(TTL);
  const lease = await acquire("alive");
  await expect(dead.renew()).rejects.toThrow(LeaseLost);
  await dead.release();
  await expect(acquire("third")).rejects.toThrow("Another run (alive)");
  await lease.renew();
});

test("a lease lasts while it is renewed until it is released", async () => {
  const { acquire, pass } = setUp("long");
  const lease = await acquire("long");
  for (let turn = 0; turn < 3; turn++) {
    await expect(acquire("other")).rejects.toThrow(LeaseLost);
    pass(TTL - 1);
    await lease.renew();
  }
  await expect(acquire("other")).rejects.toThrow("since 2026-01-01T00:00:00.000Z");
  await lease.release();
  expect(await readRow(table, "p", "long")).toBeUndefined();
  await expect(lease.renew()).rejects.toThrow(LeaseLost);
});

test("a lease of 0.1.0 is held for the duration of the next holder's lease", async () => {
  const { acquire, pass } = setUp("0.1.0");
  const row = { partitionKey: "p", rowKey: "0.1.0", holder: "old", since: "2026-01-01T00:00:00.000Z" };
  await putRow(table, row);
  await expect(acquire("new")).rejects.toThrow(LeaseLost);
  pass(TTL - 1);
  await expect(acquire("new")).rejects.toThrow(LeaseLost);
  pass(1);
  await acquire("new");
});

test("a lease whose answer was lost is held by the instance that wrote it", async () => {
  const { acquire, pass } = setUp("lost");
  let fault: Fault = (send) => send();
  const faulty = injectFault(openTable(storage, "Leases"), (send, request) =>
    request.method === "GET" ? send() : fault(send, request),
  );
  fault = cutBefore;
  await expect(acquire("me", faulty)).rejects.toThrow(OutcomeUnknown);
  fault = cutAfter;
  const lease = await acquire("me", faulty);
  pass(TTL / 2);
  await lease.renew();
  fault = (send) => send();
  await lease.renew();
  await expect(acquire("other")).rejects.toThrow("Another run (me)");
});

const YEAR = 365 * 24 * 60 * 60_000;

/** An instance whose clock is `off` milliseconds ahead. */
function startInstance(rowKey: string, off: number, on = openTable(storage, "Leases")) {
  let time = START + off;
  return {
    pass: (milliseconds: number) => {
      time += milliseconds;
    },
    acquire: () =>
      acquireLease(
        on,
        { partitionKey: "p", rowKey },
        { holder: `clock ${off}`, ttlMs: TTL, now: () => time },
      ),
  };
}

test.each([YEAR, -YEAR])("a lease lasts for its time if its holder's clock differs by %i ms", async (off) => {
  const [first, second] = [startInstance(`off ${off}`, off), startInstance(`off ${off}`, 0)];
  const lease = await first.acquire();
  await expect(second.acquire()).rejects.toThrow(LeaseLost);
  second.pass(TTL - 1);
  await expect(second.acquire()).rejects.toThrow(LeaseLost);
  await lease.renew();
  second.pass(TTL - 1);
  await expect(second.acquire()).rejects.toThrow(LeaseLost);
  second.pass(TTL);
  await second.acquire();
});

test("a lease that is old by storage's clock is over when an instance first sees it", async () => {
  await startInstance("old", YEAR).acquire();
  // Storage's clock is an hour later in the answers to the second instance.
  const later = injectFault(openTable(storage, "Leases"), async (send) => {
    const response = await send();
    const date = Date.parse(response.headers.get("date") ?? "");
    response.headers.set("date", new Date(date + TTL + 1_000).toUTCString());
    return response;
  });
  await startInstance("old", 0, later).acquire();
});
