import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  advanceWalk,
  beginWalk,
  doubtsOf,
  hasPassed,
  type ListAnswer,
  type ListedRow,
  nextPage,
  refuse,
  type Walk,
} from "../../shared/listing/walk.ts";

const PAGE = 3;

/** A list in which every change moves a row to the top. Rows of one key are in any order. */
class List {
  rows: ListedRow[] = [];
  now = 1;
  #ids = 0;

  constructor(size: number, shareKeys: boolean) {
    for (let i = 0; i < size; i++) this.create(shareKeys ? i % 3 === 0 : true);
  }

  create(later = false) {
    if (later) this.now++;
    this.rows.unshift({ id: `t${++this.#ids}`, key: this.now });
  }

  change(index: number) {
    const [row] = this.rows.splice(index % this.rows.length, 1);
    if (row) this.rows.unshift({ ...row, key: this.now });
  }

  remove(index: number) {
    this.rows.splice(index % this.rows.length, 1);
  }

  /** Puts the rows of each key into another order. */
  shuffle(seed: number) {
    const order = new Map(this.rows.map(({ id }, index) => [id, ((index + 1) * (seed + 1) * 7919) % 104729]));
    this.rows.sort((a, b) => b.key - a.key || (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0));
  }

  read(page: number): ListAnswer {
    const total = this.rows.length;
    const rows = this.rows.slice((page - 1) * PAGE, page * PAGE);
    return { page, total, pages: Math.ceil(total / PAGE), rows };
  }
}

const isDoubted = (key: number, position: Walk) => {
  const doubts = doubtsOf(position);
  return doubts === "all" || doubts.includes(key);
};

type Change = { kind: "create" | "change" | "remove" | "shuffle" | "tick" | "repeat"; index: number };
const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom("create", "change", "remove", "remove", "shuffle", "tick", "repeat"),
  index: fc.nat(200),
});

function apply(list: List, { kind, index }: Change) {
  if (kind === "create") list.create();
  else if (kind === "tick") list.now++;
  else if (kind === "shuffle") list.shuffle(index);
  else if (list.rows.length === 0) return;
  else if (kind === "change") list.change(index);
  else if (kind === "remove") list.remove(index);
}

/** Walks a list. `schedule` has the changes before each read after the first. After the schedule the list is at rest. */
function walk(list: List, schedule: Change[][]) {
  const seen = new Map<string, number>();
  let position = beginWalk(PAGE);
  let reads = 0;
  let isEcho = false;
  let before: ListAnswer | undefined;
  while (!position.ended) {
    const changes = reads === 0 ? [] : (schedule[reads - 1] ?? []);
    for (const each of changes) apply(list, each);
    const page = nextPage(position);
    const right = list.read(page);
    // The walk accepts an answer that comes twice, so a false answer must not come twice.
    isEcho = before !== undefined && !isEcho && changes.some(({ kind }) => kind === "repeat");
    const answer = before && isEcho ? { ...before, page } : right;
    reads++;
    if (reads > 1000) throw new Error("The walk does not end");
    before = answer;
    const advanced = advanceWalk(position, answer);
    // Another process could continue the walk.
    position = JSON.parse(JSON.stringify(advanced.walk));
    for (const { id, key } of advanced.rows ?? []) seen.set(id, key);
  }
  return { seen, position, reads };
}

describe("a walk of a list that changes", () => {
  test("a walk misses no row that stays unchanged, except rows with doubted keys", () => {
    fc.assert(
      fc.property(
        fc.nat(30),
        fc.boolean(),
        fc.array(fc.array(change, { maxLength: 5 }), { maxLength: 40 }),
        (size, shareKeys, schedule) => {
          const list = new List(size, shareKeys);
          const start = list.rows;
          const there = new Map(start.map(({ id, key }) => [id, key]));
          const { seen, position } = walk(list, schedule);
          const missed = list.rows.filter(
            ({ id, key }) => there.get(id) === key && seen.get(id) !== key && !isDoubted(key, position),
          );
          expect(missed).toEqual([]);
        },
      ),
      { numRuns: process.env.LONG ? 100_000 : 3_000 },
    );
  }, 600_000);

  test.each([false, true])(
    "a walk reads every page of a list at rest once, without doubts (shared keys: %s)",
    (shared) => {
      const { seen, position, reads } = walk(new List(20, shared), []);
      expect([seen.size, reads, position.doubts]).toEqual([20, 7, []]);
    },
  );

  test("a walk doubts the key at the edge of a page when the row there is seen again", () => {
    const list = new List(6, false);
    const edge = list.rows[2]?.key;
    expect(walk(list, [[{ kind: "create", index: 0 }]]).position.doubts).toEqual([edge]);
  });

  test("a walk goes back by exactly as many rows as the list lost", () => {
    const list = new List(14, false);
    const pages: number[] = [];
    let position = beginWalk(PAGE);
    while (!position.ended) {
      if (pages.length === 3) for (let i = 0; i < 4; i++) list.remove(0);
      pages.push(nextPage(position));
      position = advanceWalk(position, list.read(nextPage(position))).walk;
    }
    // The walk has seen nine rows. The fourth page shows that the list lost four, so five of them are left.
    expect(pages).toEqual([1, 2, 3, 4, 2, 3, 4]);
  });

  test("after going back three times, a walk goes on and doubts all keys", () => {
    const list = new List(8, false);
    const pages: number[] = [];
    let position = beginWalk(PAGE);
    while (!position.ended) {
      const page = nextPage(position);
      pages.push(page);
      // The count of every second answer is too low.
      const { total, ...answer } = list.read(page);
      position = advanceWalk(position, { ...answer, total: total - ((pages.length + 1) % 2) }).walk;
    }
    expect(pages).toEqual([1, 2, 1, 2, 1, 2, 1, 2, 3]);
    expect(doubtsOf(position)).toBe("all");
  });

  test("after 2,000 doubted keys, a walk doubts all keys without going back", () => {
    const list = new List(4_050, false);
    let position = beginWalk(PAGE);
    let read = 0;
    while (doubtsOf(position) !== "all") {
      position = advanceWalk(position, list.read(nextPage(position))).walk;
      list.create();
      read++;
    }
    expect(read).toBe(2_001);
    for (let i = 0; i < 4; i++) list.remove(0);
    const page = nextPage(position);
    expect(nextPage(advanceWalk(position, list.read(page)).walk)).toBe(page + 1);
  });

  test("a walk reads pages 1, 2, 1, 2 and 3 if its first row is deleted after page 1", () => {
    const rows = [..."abcde"].map((id, index) => ({ id, key: 9 - index }));
    let position = beginWalk(2);
    const steps: unknown[] = [];
    while (!position.ended) {
      const page = nextPage(position);
      const shown = rows.slice((page - 1) * 2, page * 2);
      const answer = { page, total: rows.length, pages: Math.ceil(rows.length / 2), rows: shown };
      position = advanceWalk(position, answer).walk;
      steps.push([page, shown.map(({ id }) => id).join(""), position.frontier]);
      if (page === 1 && rows.length === 5) rows.shift();
    }
    expect(steps).toEqual([
      [1, "ab", 2],
      [2, "de", 1],
      [1, "bc", 2],
      [2, "de", 4],
      [3, "", 4],
    ]);
  });

  test("a walk beyond the page at which it went back may go back three times again", () => {
    const list = new List(40, false);
    let [position, reads, timesBack] = [beginWalk(PAGE), 0, 0];
    while (!position.ended) {
      if (++reads % 4 === 0) list.remove(0);
      const page = nextPage(position);
      position = advanceWalk(position, list.read(page)).walk;
      if (!position.ended && nextPage(position) <= page) timesBack++;
    }
    expect(timesBack).toBe(5);
    expect(doubtsOf(position)).toEqual([]);
  });

  test("hasPassed is true at a lower key, or with `above` at the key itself", () => {
    const list = new List(9, false);
    const [, , third, fourth] = list.rows.map(({ key }) => key);
    const position = advanceWalk(beginWalk(PAGE), list.read(1)).walk;
    expect(hasPassed(position, third ?? 0)).toBe(false);
    expect(hasPassed(position, third ?? 0, { above: true })).toBe(true);
    expect(hasPassed(position, fourth ?? 0, { above: true })).toBe(false);
    list.remove(0);
    // Page 2 now begins after a row that the walk may not have seen.
    expect(hasPassed(advanceWalk(position, list.read(2)).walk, third ?? 0)).toBe(false);
  });

  const rowsOf = (...ids: string[]) => ids.map((id) => ({ id, key: 1 }));
  const firstPage: ListAnswer = { page: 1, total: 5, pages: 2, rows: rowsOf("a", "b", "c") };

  test.each<[string, ListAnswer]>([
    ["fewer entries than its count", { page: 1, total: 5, pages: 2, rows: rowsOf("a") }],
    ["no entries", { page: 1, total: 5, pages: 2, rows: [] }],
    ["an entry twice", { page: 1, total: 3, pages: 1, rows: rowsOf("a", "b", "a") }],
  ])("a walk never accepts a first page with %s", (_, answer) => {
    let position = beginWalk(PAGE);
    for (let i = 0; i < 3; i++) {
      const { walk, rows, fault } = advanceWalk(position, answer);
      expect([rows, fault]).toEqual([undefined, expect.stringMatching(/^page 1 /)]);
      position = walk;
    }
  });

  test.each<[string, Walk, ListAnswer, Partial<Walk>]>([
    [
      "a last page that is shorter than the count says",
      advanceWalk(beginWalk(PAGE), firstPage).walk,
      { page: 2, total: 5, pages: 2, rows: rowsOf("d") },
      { ended: true, frontier: 4 },
    ],
    [
      "pages of another size that fits both counts",
      beginWalk(PAGE),
      { page: 1, total: 5, pages: 3, rows: rowsOf("a", "b") },
      { ended: false, frontier: 2, size: 2 },
    ],
    [
      "an empty list where rows are known",
      beginWalk(PAGE, { filled: true }),
      { page: 1, total: 0, pages: 0, rows: [] },
      { ended: true, frontier: 0 },
    ],
  ])("a walk accepts %s when it comes twice", (_, position, answer, expected) => {
    const first = advanceWalk(position, answer);
    expect(first).toMatchObject({ fault: expect.any(String) });
    expect(first.rows).toBeUndefined();
    const second = advanceWalk(first.walk, answer);
    expect(second.walk).toMatchObject(expected);
    expect(second.rows).toEqual(answer.rows);
  });

  test("a walk accepts a first page with entries of a later page when it comes twice", () => {
    const answer = { total: 1, pages: 1, rows: rowsOf("e") };
    const later = advanceWalk(advanceWalk(beginWalk(PAGE), firstPage).walk, { ...answer, page: 2 }).walk;
    const first = advanceWalk(later, { ...answer, page: 1 });
    expect([nextPage(later), first.isEcho, nextPage(first.walk)]).toEqual([1, true, 1]);
    expect(advanceWalk(first.walk, { ...answer, page: 1 })).toMatchObject({
      ...{ walk: { ended: true }, rows: answer.rows },
    });
  });

  test("after a full last page, a walk reads one more page", () => {
    const position = advanceWalk(beginWalk(PAGE), { ...firstPage, total: 3, pages: 1 }).walk;
    expect([position.ended, nextPage(position)]).toEqual([false, 2]);
  });

  test("a page after the last one is accepted only if its rows continue the list", () => {
    const position = advanceWalk(beginWalk(PAGE), { ...firstPage, total: 3, pages: 1 }).walk;
    const answer = { page: 2, total: 3, pages: 1 };
    expect(advanceWalk(position, { ...answer, rows: rowsOf("d") })).toMatchObject({
      walk: { ended: true, frontier: 4 },
      rows: rowsOf("d"),
    });
    for (const rows of [[], firstPage.rows, rowsOf("b"), [{ id: "d", key: 2 }]]) {
      expect(advanceWalk(position, { ...answer, rows })).toMatchObject({ walk: { ended: true }, rows: [] });
    }
  });

  function refusedWalk() {
    return refuse(advanceWalk(beginWalk(PAGE), { ...firstPage, total: 4, pages: 2 }).walk) as Walk;
  }

  test("after a refused page, a walk goes back if the count is lower", () => {
    const refused = refusedWalk();
    expect(nextPage(refused)).toBe(1);
    expect(advanceWalk(refused, { ...firstPage, total: 2, pages: 1 }).walk).toMatchObject({
      ...{ ended: false, frontier: 1 },
    });
  });

  test("after a refused page, a walk reads it once more if the count includes it", () => {
    const missing = advanceWalk(refusedWalk(), { ...firstPage, total: 9, pages: 3 }).walk;
    expect(nextPage(missing)).toBe(2);
    expect(refuse(missing)).toBeUndefined();
  });

  test("a walk reads a refused last page once more before it ends", () => {
    const answer = { ...firstPage, total: 4, pages: 2 };
    for (const total of [3, 4]) {
      const position = advanceWalk(beginWalk(PAGE), { ...answer, total }).walk;
      const again = advanceWalk(refuse(position) as Walk, answer).walk;
      expect([again.ended, nextPage(again)]).toEqual([false, 2]);
      expect(advanceWalk(refuse(again) as Walk, answer).walk.ended).toBe(true);
    }
  });

  test("the top of a walk is the highest key that is not above the horizon", () => {
    const rows = [9, 5, 4].map((key) => ({ id: `${key}`, key }));
    const position = advanceWalk(beginWalk(PAGE, { horizon: 8 }), { page: 1, total: 3, pages: 1, rows }).walk;
    expect(position.top).toBe(5);
  });
});
