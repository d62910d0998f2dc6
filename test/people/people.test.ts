import { randomUUID } from "node:crypto";
import { expect, inject, test } from "vitest";
import { InvalidInput } from "../../shared/core/errors.ts";
import { openPeople } from "../../shared/people/people.ts";
import type { DataPlace } from "../../shared/people/place.ts";
import { openTable } from "../../shared/storage/open-table.ts";

const newTable = () =>
  openTable({ connectionString: inject("storage") }, `p${randomUUID().replaceAll("-", "")}`);

/** A place with the items "1" to "9". Each step takes a second of the clock. */
function numbers(name: string, clock: { time: number }, more: Partial<DataPlace> = {}) {
  const done: string[] = [];
  async function* steps(after: string) {
    for (let n = Number(after || 0) + 1; n < 10; n++) {
      clock.time += 1_000;
      done.push(String(n));
      yield { after: String(n), removed: 1, items: [{ n }] };
    }
  }
  const place: DataPlace = {
    name,
    erase: (_, after) => steps(after),
    search: (_, after) => steps(after),
    retain: steps,
  };
  return { done, place: { ...place, ...more } };
}

const DIGITS = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];

test("an erasure continues where the previous call stopped, also in another process", async () => {
  const clock = { time: 1e12 };
  const table = newTable();
  const places = [numbers("a", clock), numbers("b", clock)];
  const erase = () =>
    openPeople({
      ...{ table, places: places.map(({ place }) => place), now: () => clock.time },
      budgetMs: 4_000,
    }).erase("ann@x");
  const calls = [];
  do calls.push(await erase());
  while (!calls.at(-1)?.done);
  expect(calls.map(({ erased }) => erased)).toEqual([4, 4, 4, 4, 2]);
  expect(places.map(({ done }) => done)).toEqual([DIGITS, DIGITS]);
  expect(await erase()).toMatchObject({ erased: 4, done: false });
});

test("the call after a killed erasure repeats at most the steps of its last second", async () => {
  const clock = { time: 1e12 };
  const table = newTable();
  const { place, done } = numbers("a", clock);
  async function* dying(after: string) {
    for await (const step of place.retain(after)) {
      if (done.length === 5) throw new Error("killed");
      yield step;
    }
  }
  const open = (one: DataPlace) => openPeople({ table, places: [one], now: () => clock.time });
  await expect(open({ ...place, erase: (_, after) => dying(after) }).erase("ann@x")).rejects.toThrow(
    "killed",
  );
  await open(place).erase("ann@x");
  expect(done).toEqual(["1", "2", "3", "4", "5", ...DIGITS.slice(4)]);
});

async function eraseInPart() {
  const clock = { time: 1e12 };
  const table = newTable();
  const { place, done } = numbers("a", clock);
  const people = openPeople({ table, places: [place], now: () => clock.time, budgetMs: 1_000 });
  await people.erase("ann@x");
  expect(done).toEqual(["1"]);
  return { clock, table, people, done };
}

test("an unfinished erasure starts again after a day", async () => {
  const { clock, people, done } = await eraseInPart();
  clock.time += 25 * 60 * 60_000;
  await people.erase("ann@x");
  expect(done).toEqual(["1", "1"]);
});

test("retention removes the progress of an erasure after a day", async () => {
  const { clock, table, people } = await eraseInPart();
  clock.time += 25 * 60 * 60_000;
  await people.retain({ budgetMs: 60_000 });
  expect(await Array.fromAsync(table.listEntities())).toEqual([]);
});

test("each call of an erasure lists the undecided items once", async () => {
  const clock = { time: 1e12 };
  async function* erase(_: unknown, after: string) {
    for (const id of after === "" ? ["x", "y", "x"] : []) {
      clock.time += 1_000;
      yield { after: "x", removed: 0, undecided: id };
    }
  }
  const { place } = numbers("a", clock, { erase });
  const people = openPeople({
    ...{ table: newTable(), places: [place], now: () => clock.time },
    budgetMs: 1_000,
  });
  const x = { place: "a", id: "x" };
  expect(await people.erase("ann@x")).toEqual({ erased: 0, done: false, undecided: [x] });
  expect(await people.erase("ann@x")).toEqual({ erased: 0, done: true, undecided: [x] });
});

test("a search continues at next, which is null at the end", async () => {
  const clock = { time: 1e12 };
  const places = [numbers("a", clock).place, numbers("b", clock).place];
  const people = openPeople({ table: newTable(), places, now: () => clock.time, budgetMs: 60_000 });
  const found: unknown[] = [];
  let after: string | undefined;
  do {
    const page = await people.search("ann@x", { after, maxBytes: 12 });
    expect(page.found).toHaveLength(page.next === null ? 0 : 2);
    found.push(...page.found);
    after = page.next ?? undefined;
  } while (after !== undefined);
  const all = (place: string) => DIGITS.map((n) => ({ place, item: { n: Number(n) } }));
  expect(found).toEqual([...all("a"), ...all("b")]);
});

test.each(["x", "W10", Buffer.from('["nowhere",""]').toString("base64url")])(
  "a search refuses %j as after",
  async (after) => {
    const people = openPeople({ table: newTable(), places: [numbers("a", { time: 0 }).place], now: () => 0 });
    await expect(people.search("ann@x", { after, maxBytes: 1 })).rejects.toThrow(InvalidInput);
  },
);

/** Retention of the place a, which fails, and the place b. */
function retainAfterFailure() {
  const clock = { time: 1e12 };
  const failure = new Error("fails");
  // biome-ignore lint/correctness/useYield: it fails first
  async function* failing(): AsyncGenerator<{ after: string; removed: number }> {
    throw failure;
  }
  const places = [numbers("a", clock, { retain: failing }), numbers("b", clock)];
  const table = newTable();
  const run = (budgetMs: number) =>
    openPeople({ table, places: places.map(({ place }) => place), now: () => clock.time }).retain({
      budgetMs,
    });
  return { run, done: places[1]?.done, failed: { place: "a", removed: 0, done: false, error: failure } };
}

test("retention continues after a failed place", async () => {
  const { run, failed } = retainAfterFailure();
  expect(await run(80_000)).toEqual([failed, { place: "b", removed: 9, done: true }]);
});

test("retention resumes an unfinished place in its next run", async () => {
  const { run, done, failed } = retainAfterFailure();
  expect(await run(8_000)).toEqual([failed, { place: "b", removed: 4, done: false }]);
  expect(await run(80_000)).toEqual([failed, { place: "b", removed: 5, done: true }]);
  expect(done).toEqual(DIGITS);
});
