import { expect, inject, test } from "vitest";
import { StorageUnavailable, UpstreamRefused } from "../../shared/core/errors.ts";
import { type Check, createMonitor, type Finding, worst } from "../../shared/health/monitor.ts";
import { openSightings, type Sightings } from "../../shared/health/sightings.ts";
import { openTable } from "../../shared/storage/open-table.ts";

const unseen: Sightings = { since: async () => "2026-01-01T00:00:00.000Z" };
const ok: Finding = { state: "ok", detail: "Fine." };

function check(name: string, look: Check["look"], more: Partial<Check> = {}): Check {
  return { name, vital: true, freshFor: 1_000, look, ...more };
}

test("what is found is good for a while, and for all who ask meanwhile", async () => {
  let looks = 0;
  let clock = 0;
  const look = async () => ({ ...ok, detail: `look ${++looks}` });
  const monitor = createMonitor([check("a", look)], { sightings: unseen, now: () => clock });
  const [first, second] = await Promise.all([monitor.examine(), monitor.examine("vital")]);
  expect(first).toEqual([
    { name: "a", state: "ok", detail: "look 1", action: "Nothing.", since: "2026-01-01T00:00:00.000Z" },
  ]);
  expect(second).toEqual(first);
  clock = 999;
  await monitor.examine();
  expect(looks).toBe(1);
  clock = 1_000;
  await monitor.examine();
  expect(looks).toBe(2);
});

test("only what is vital is looked at for the health", async () => {
  const never = () => Promise.reject(new Error("looked"));
  const checks = [check("a", async () => ok), check("b", never, { vital: false })];
  const found = await createMonitor(checks, { sightings: unseen }).examine("vital");
  expect(found.map(({ name }) => name)).toEqual(["a"]);
});

test("what hangs on something bad cannot be told, however far down", async () => {
  const refused = async () => Promise.reject(new UpstreamRefused("No."));
  const checks = [
    check("a", refused),
    check("b", refused, { needs: "a" }),
    check("c", async () => ok, { needs: "b" }),
    check("d", async () => ok),
  ];
  const found = await createMonitor(checks, { sightings: unseen }).examine();
  expect(found.map(({ name, state }) => [name, state])).toEqual([
    ["a", "bad"],
    ["b", "unknown"],
    ["c", "unknown"],
    ["d", "ok"],
  ]);
  expect(found[0]?.detail).toBe("No.");
  expect(found[1]).toMatchObject({ detail: "Cannot be told before the check a is well.", action: "See a." });
  expect(worst(found)).toBe("bad");
});

test("a look that hangs is bad, and one that is broken is too, without its words", async () => {
  const defects: unknown[] = [];
  const checks = [
    check("hangs", () => new Promise(() => {})),
    check("broken", async () => Promise.reject(new TypeError("secret"))),
  ];
  const monitor = createMonitor(checks, {
    sightings: unseen,
    limit: 20,
    onDefect: (...defect) => defects.push(defect),
  });
  const found = await monitor.examine();
  expect(found).toMatchObject([
    { state: "bad", detail: "This check did not come to an end in 0.02 s." },
    { state: "bad", detail: "This check itself failed, for a reason that is in the log." },
  ]);
  expect(defects).toEqual([["broken", new TypeError("secret")]]);
});

test("since when something has been so outlives the process, and is shared", async () => {
  const table = openTable({ connectionString: inject("storage") }, "HealthSightings");
  let clock = Date.parse("2026-01-01T00:00:00.000Z");
  const open = () =>
    openSightings(
      () => table,
      () => clock,
    );
  const one = open();
  expect(await one.since("livechat", "ok")).toBe("2026-01-01T00:00:00.000Z");
  clock += 1_000;
  expect(await one.since("livechat", "ok")).toBe("2026-01-01T00:00:00.000Z");
  expect(await open().since("livechat", "ok")).toBe("2026-01-01T00:00:00.000Z");
  expect(await one.since("livechat", "bad")).toBe("2026-01-01T00:00:01.000Z");
  clock += 1_000;
  expect(await open().since("livechat", "bad")).toBe("2026-01-01T00:00:01.000Z");
});

test("without storage, what this process has seen has to do", async () => {
  const broken = () => {
    throw new StorageUnavailable("No.");
  };
  let clock = 0;
  const sightings = openSightings(broken, () => clock);
  const seen = await sightings.since("a", "bad");
  clock = 5_000;
  expect(await sightings.since("a", "bad")).toBe(seen);
  expect(await sightings.since("a", "ok")).toBe(new Date(5_000).toISOString());
});
