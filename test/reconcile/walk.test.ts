import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Answer,
  advance,
  beginWalk,
  faultIn,
  hasEnded,
  hasPassed,
  nextPage,
  REPEATS_LIMIT,
  type Row,
  type Walk,
} from "../../shared/reconcile/walk.ts";

const PAGE = 3;

/** A list of which every change moves a row to the top; rows of one key may stand in any order. */
class List {
  rows: Row[] = [];
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

  read(page: number): Answer {
    return { page, total: this.rows.length, rows: this.rows.slice((page - 1) * PAGE, page * PAGE) };
  }
}

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

/** Walks while `schedule` says what happens before each read after the first; a list at rest after that. */
function walk(list: List, schedule: Change[][], until: (walk: Walk) => boolean = hasEnded) {
  const seen = new Map<string, number>();
  let position = beginWalk();
  let reads = 0;
  let before: Answer | undefined;
  while (!until(position)) {
    const changes = reads === 0 ? [] : (schedule[reads - 1] ?? []);
    for (const each of changes) apply(list, each);
    const page = nextPage(position, PAGE);
    const right = list.read(page);
    const repeat = position.repeats < REPEATS_LIMIT && changes.some(({ kind }) => kind === "repeat");
    const repeated = before && repeat ? { ...before, page } : right;
    reads++;
    if (reads > 1000) throw new Error("The walk does not end");
    before = repeated;
    if (faultIn(repeated, PAGE)) continue;
    position = advance(position, repeated, PAGE);
    // As when another process goes on with it.
    position = JSON.parse(JSON.stringify(position));
    for (const { id, key } of repeated.rows) seen.set(id, key);
  }
  return { seen, position, reads };
}

describe("a walk of a list that changes", () => {
  test("misses no row that was there all the time, but those of keys it doubts", () => {
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
            ({ id, key }) => there.get(id) === key && seen.get(id) !== key && !position.doubts.includes(key),
          );
          expect(missed).toEqual([]);
        },
      ),
      { numRuns: process.env.LONG ? 100_000 : 3_000 },
    );
  }, 600_000);

  test.each([false, true])(
    "reads every page of a list at rest once, without doubts (keys shared: %s)",
    (shared) => {
      const { seen, position, reads } = walk(new List(20, shared), []);
      expect([seen.size, reads, position.doubts]).toEqual([20, 7, []]);
    },
  );

  test("doubts the key at the edge of a page when its row is seen again, as if another had taken its place", () => {
    const list = new List(6, false);
    const edge = list.rows[2]?.key;
    expect(walk(list, [[{ kind: "create", index: 0 }]]).position.doubts).toEqual([edge]);
  });

  test("goes back by as many rows as the list got shorter, and no further", () => {
    const list = new List(15, false);
    const pages: number[] = [];
    let position = beginWalk();
    while (!hasEnded(position)) {
      if (pages.length === 3) for (let i = 0; i < 4; i++) list.remove(0);
      pages.push(nextPage(position, PAGE));
      position = advance(position, list.read(nextPage(position, PAGE)), PAGE);
    }
    // Nine rows were seen, of which the fourth page shows that five are left.
    expect(pages).toEqual([1, 2, 3, 4, 2, 3, 4]);
  });

  test("has passed a key when it is at a lower one, or, where that is enough, at the key itself", () => {
    const list = new List(9, false);
    const [, , third, fourth] = list.rows.map(({ key }) => key);
    const position = advance(beginWalk(), list.read(1), PAGE);
    expect(hasPassed(position, third ?? 0)).toBe(false);
    expect(hasPassed(position, third ?? 0, { above: true })).toBe(true);
    expect(hasPassed(position, fourth ?? 0, { above: true })).toBe(false);
    list.remove(0);
    // Page 2 now begins behind a row that may not have been seen.
    expect(hasPassed(advance(position, list.read(2), PAGE), third ?? 0)).toBe(false);
  });

  test.each<[string, Answer]>([
    ["fewer", { page: 1, total: 5, rows: [{ id: "a", key: 2 }] }],
    ["none", { page: 2, total: 5, rows: [] }],
    ["more", { page: 2, total: 4, rows: ["a", "b"].map((id) => ({ id, key: 1 })) }],
    ["one twice", { page: 1, total: 3, rows: ["a", "b", "a"].map((id) => ({ id, key: 1 })) }],
  ])("cannot use a page with %s", (_, answer) => {
    expect(faultIn(answer, PAGE)).toMatch(/^page \d/);
  });
});
