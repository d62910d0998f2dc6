import { expect, inject, test } from "vitest";
import { StorageUnavailable, UpstreamRefused } from "../../shared/core/errors.ts";
import type { Finding } from "../../shared/health/finding.ts";
import { type Check, createMonitor, worst } from "../../shared/health/monitor.ts";
import { openSightings, type Sightings } from "../../shared/health/sightings.ts";
import { openTable } from "../../shared/storage/open-table.ts";
import "../no-time-limits.ts";

const unseen: Sightings = {
  see: async () => ({ since: "2026-01-01T00:00:00.000Z" }),
  touch: async () => {},
  touched: async () => undefined,
};
const ok: Finding = { state: "ok", detail: "Fine." };

function check(name: string, look: Check["look"], more: Partial<Check> = {}): Check {
  return { name, vital: true, freshFor: 1_000, look, ...more };
}

function countLooks() {
  const clock = { time: 0, looks: 0 };
  const look = async () => ({ ...ok, detail: `look ${++clock.looks}` });
  const monitor = createMonitor([check("a", look)], { sightings: unseen, now: () => clock.time });
  return { clock, monitor };
}

test("GET /health reuses a finding of the last second", async () => {
  const { clock, monitor } = countLooks();
  const [first, second] = await Promise.all([monitor.examine("vital"), monitor.examine("vital")]);
  expect(first).toEqual([
    { name: "a", state: "ok", detail: "look 1", action: "Nothing.", since: "2026-01-01T00:00:00.000Z" },
  ]);
  expect(second).toEqual(first);
  clock.time = 999;
  await monitor.examine("vital");
  expect(clock.looks).toBe(1);
  clock.time = 1_000;
  await monitor.examine("vital");
  expect(clock.looks).toBe(2);
});

test("GET /status joins a running check but reuses no finding", async () => {
  const { clock, monitor } = countLooks();
  await monitor.examine("vital");
  await Promise.all([monitor.examine(), monitor.examine(), monitor.examine("vital")]);
  expect(clock.looks).toBe(2);
});

test("after an operator's change, every instance repeats checks with fresh findings", async () => {
  const table = openTable({ connectionString: inject("storage") }, "HealthTouched");
  let looks = 0;
  const start = () => {
    const costly = check("a", async () => ({ ...ok, detail: `${++looks}` }), { freshFor: 300_000 });
    return createMonitor([costly], { sightings: openSightings(() => table) });
  };
  const [one, other] = [start(), start()];
  for (const monitor of [one, other, one, other]) await monitor.examine();
  expect(looks).toBe(2);
  await one.lookAgain();
  for (const monitor of [one, other, one, other]) await monitor.examine();
  expect(looks).toBe(4);
});

test("a change of a check's state is logged once, by one of the instances", async () => {
  const table = openTable({ connectionString: inject("storage") }, "HealthChanges");
  let finding: Finding = { state: "ok", detail: "Fine." };
  const lines: unknown[] = [];
  const start = () =>
    createMonitor([check("a", async () => finding)], { sightings: openSightings(() => table) });
  const instances = [start(), start(), start()];
  const everywhere = () =>
    Promise.all(instances.map((one) => one.examine("everything", (...line) => lines.push(line))));
  await everywhere();
  await everywhere();
  expect(lines).toEqual([]);
  finding = { state: "bad", detail: "vera@example.com is gone.", action: "Find her." };
  await everywhere();
  await everywhere();
  expect(lines).toEqual([
    ["check changed", { check: "a", from: "ok", to: "bad", detail: "…@… is gone.", action: "Find her." }],
  ]);
  finding = { state: "ok", detail: "Fine." };
  await everywhere();
  expect(lines).toHaveLength(2);
  // A fault at the first run is a change, too.
  const fresh = createMonitor([check("b", async () => ({ state: "bad", detail: "No." }))], {
    sightings: openSightings(() => table),
  });
  await fresh.examine("vital", (...line) => lines.push(line));
  expect(lines[2]).toMatchObject(["check changed", { check: "b", from: "unseen", to: "bad" }]);
});

test("GET /health runs only the vital checks", async () => {
  const never = () => Promise.reject(new Error("looked"));
  const checks = [check("a", async () => ok), check("b", never, { vital: false })];
  const found = await createMonitor(checks, { sightings: unseen }).examine("vital");
  expect(found.map(({ name }) => name)).toEqual(["a"]);
});

test("a check is unknown while the check that it needs is bad or unknown", async () => {
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
  expect(found[1]).toMatchObject({
    detail: "Unknown until the check a passes.",
    action: "Look at the check a first.",
  });
  expect(worst(found)).toBe("bad");
});

test("a check that hangs or throws is bad, without showing its error", async () => {
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
    { state: "bad", detail: "This check did not finish within 0.02 s." },
    { state: "bad", detail: "The check itself failed; the log has the reason." },
  ]);
  expect(defects).toEqual([["broken", new TypeError("secret")]]);
});

test("the start of a state is stored and shared by all instances", async () => {
  const table = openTable({ connectionString: inject("storage") }, "HealthSightings");
  let clock = Date.parse("2026-01-01T00:00:00.000Z");
  const open = () =>
    openSightings(
      () => table,
      () => clock,
    );
  const one = open();
  expect((await one.see("livechat", "ok")).since).toBe("2026-01-01T00:00:00.000Z");
  clock += 1_000;
  expect((await one.see("livechat", "ok")).since).toBe("2026-01-01T00:00:00.000Z");
  expect((await open().see("livechat", "ok")).since).toBe("2026-01-01T00:00:00.000Z");
  expect((await one.see("livechat", "bad")).since).toBe("2026-01-01T00:00:01.000Z");
  clock += 1_000;
  expect((await open().see("livechat", "bad")).since).toBe("2026-01-01T00:00:01.000Z");
});

test("while storage fails, a process remembers its recorded states", async () => {
  const broken = () => {
    throw new StorageUnavailable("No.");
  };
  let clock = 0;
  const sightings = openSightings(broken, () => clock);
  const { since } = await sightings.see("a", "bad");
  clock = 5_000;
  expect(await sightings.see("a", "bad")).toEqual({ since });
  expect(await sightings.see("a", "ok")).toEqual({ since: new Date(5_000).toISOString(), before: "bad" });
});
