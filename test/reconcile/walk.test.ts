import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Answer,
  advance,
  beginWalk,
  faultIn,
  hasEnded,
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
      { numRuns: process.env.LONG ? 200_000 : 5_000 },
    );
  });
});
