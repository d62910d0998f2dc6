import { isDeepStrictEqual } from "node:util";
import type { Doubts } from "./source.ts";

/**
 * A walk reads a list page by page while the list changes. The list has the row with the highest key first, and a
 * change moves a row to the top. The code is pure and independent of the kind of rows. A walk is a value, so it can
 * be stored, and another process can continue it.
 *
 * Why no row is missed: between two reads, new rows push unseen rows down. The walk sees those rows later, or sees
 * other rows twice. Only a deletion moves unseen rows up, perhaps into the part that was already read. A changed row
 * moves to the top, and moves no unseen row up. So, if the list became shorter by n rows, unseen rows moved up by at
 * most n, and the walk goes back by n rows. It then sees every row that was in the list all the time, unless the row
 * changed and moved to the top.
 *
 * One case remains: two rows with the same key swap places across the edge of a page. The walk then sees one of them
 * twice and misses the other. So when the walk sees a row with the edge's key a second time, it adds the key to its
 * `doubts`. Usually the cause is harmless: a new row above.
 *
 * The list's statements about itself may be wrong. Its count may be slightly off, so the walk uses only changes of
 * the count, and takes a page that is not full as the end. Its page size may differ from the expected one.
 */
export type Walk = {
  /** How many rows a full page has. */
  size: number;
  /** The documented page size, used again when the learned size turns out to be wrong. */
  usualSize: number;
  /** How many rows from the top of the present list have been seen. */
  frontier: number;
  /** Whether the last row of the list has been seen. */
  ended: boolean;
  /** The highest key, up to `horizon`, when the walk began; absent when there was none. */
  top?: number;
  /** Keys above this one are wrong: they are times in the future. */
  horizon: number;
  /** Length of the list by its last count; absent before the first. */
  total?: number;
  /** Length of the list when its first page was last read. */
  totalAtTop: number;
  /** Whether rows are known to exist, so an empty list is suspect. */
  filled: boolean;
  /** The key at the frontier, and the seen rows with that key. */
  edge?: { key: number; ids: readonly string[] };
  /** Keys with rows that may have been missed. With `"all"` the walk no longer goes back. */
  doubts: Doubts;
  /** The last page that was accepted, to detect an answer that repeats it. */
  last?: Shown;
  /** The last answer, if it was not accepted. A suspect answer that comes again is accepted. */
  suspect?: Shown;
  /**
   * Set while the walk reads rows again. `from`: its frontier before it went back. `times`: how many times it went back
   * without getting beyond `from`.
   */
  goneBack?: { from: number; times: number };
  /**
   * Set while the list refuses a page (400 or 404), with the number of refusals. The walk reads the first page next, to
   * learn the list's length. If the list has the page by this count (`isCounted`), the walk tries the page again. A
   * second refusal makes the run fail; at the end of the list it ends the walk.
   */
  refusal?: { page: number; times: number; isCounted: boolean };
};

export type ListedRow = { id: string; key: number };
type Shown = { page: number; rows: readonly ListedRow[] };

/** An answer of the list: a page of rows (the first page is 1), the list's length, and its number of pages. */
export type ListAnswer = Shown & { total: number; pages: number };

/**
 * The walk after an answer. Without `rows` the answer was unusable, and `fault` has the reason. `isEcho`: the answer
 * repeated another page, so the walk went back.
 */
type Advance = { walk: Walk; rows?: readonly ListedRow[]; fault?: string; isEcho?: true };

/**
 * How many rows with the key at the edge are remembered. When more rows share the key, only the last ones are
 * compared.
 */
const EDGE_LIMIT = 500;
/** With this many doubted keys, a walk doubts all keys. */
const DOUBTS_LIMIT = 2000;
/**
 * A count that keeps changing must not stop the walk. So it goes back at most this many times in a row. If the list then
 * becomes shorter again, the walk may miss any row, so it doubts all keys.
 */
const GO_BACK_LIMIT = 3;

export function beginWalk(
  size: number,
  known: Partial<Pick<Walk, "usualSize" | "horizon" | "filled">> = {},
): Walk {
  const nothing = { frontier: 0, ended: false, totalAtTop: 0, doubts: [] };
  return { size, usualSize: size, horizon: Number.MAX_SAFE_INTEGER, filled: false, ...known, ...nothing };
}

/** A walk as it is stored. The build before reads `doubtsAll` beside the doubted keys. */
export type StoredWalk = Omit<Walk, "doubts"> & { doubts: readonly number[]; doubtsAll?: true };

export function storeWalk({ doubts, ...walk }: Walk): StoredWalk {
  return doubts === "all" ? { ...walk, doubts: [], doubtsAll: true } : { ...walk, doubts };
}

export function restoreWalk({ doubtsAll, ...walk }: StoredWalk): Walk {
  return doubtsAll ? { ...walk, doubts: "all" } : walk;
}

/** Keys with rows that may have been missed; with `from`, only keys from there on. */
export function doubtsOf({ doubts }: Walk, from = Number.NEGATIVE_INFINITY): Doubts {
  return doubts === "all" ? doubts : doubts.filter((key) => key >= from);
}

/** The page to read next. */
export function nextPage({ refusal, frontier, size }: Walk): number {
  return refusal && !refusal.isCounted ? 1 : Math.floor(frontier / size) + 1;
}

/** Whether all rows with at least this key were seen; with `above`, all rows with a higher key. */
export function hasPassed({ ended, edge }: Walk, key: number, { above = false } = {}): boolean {
  return ended || (edge !== undefined && (above ? edge.key <= key : edge.key < key));
}

/** The walk after the list refused `nextPage`; absent when the list cannot lack that page. */
export function refuse(walk: Walk): Walk | undefined {
  const page = nextPage(walk);
  const isAtEnd = page * walk.size >= (walk.total ?? 0);
  const times = walk.refusal?.page === page ? 2 : 1;
  if (page === 1 || (times > 1 && !isAtEnd)) return undefined;
  return { ...walk, refusal: { page, times, isCounted: false } };
}

/** The walk after the answer for `nextPage`. */
export function advanceWalk(walk: Walk, answer: ListAnswer): Advance {
  const { refusal } = walk;
  if (refusal && !refusal.isCounted) return { walk: afterRefusal(walk, refusal, answer.total) };
  const shown = { ...answer, rows: withoutEcho(walk, answer) };
  const verdict = judge(walk, shown);
  const suspect = { page: answer.page, rows: shown.rows };
  const isRepeated = isDeepStrictEqual(walk.suspect, suspect);
  if (verdict.is === "right" || (verdict.is === "suspect" && isRepeated)) {
    return takeAnswer({ ...walk, ...verdict.changes, suspect: undefined }, shown);
  }
  return { walk: { ...walk, suspect }, fault: verdict.fault };
}

/** The walk after it has read the list's length because of a refusal. */
function afterRefusal(walk: Walk, refusal: NonNullable<Walk["refusal"]>, total: number): Walk {
  const { page, times } = refusal;
  const next = shortenWalk({ ...walk, refusal: undefined }, total);
  if (nextPage(next) !== page) return next;
  const exists = (page - 1) * walk.size < total;
  // The first refusal may be out of date: since then, new rows may have pushed unseen rows onto this page. If the last
  // page is refused twice, the count is too high.
  const isAtEnd = page * walk.size >= total;
  if (isAtEnd && (!exists || times > 1)) return { ...next, ended: true };
  return { ...next, refusal: { ...refusal, isCounted: true } };
}

/**
 * The rows of an answer. For a page after its end, a list may repeat another page. Such rows are accepted only when
 * they continue the walk: the count was then too low.
 */
function withoutEcho({ edge, last, size }: Walk, { page, total, rows }: ListAnswer): readonly ListedRow[] {
  const isPastEnd = page > 1 && (page - 1) * size >= total;
  const [first] = rows;
  if (!isPastEnd || !first) return rows;
  const known = new Set([...(last?.rows ?? []).map(({ id }) => id), ...(edge?.ids ?? [])]);
  const goesOn = edge !== undefined && first.key <= edge.key && !rows.some(({ id }) => known.has(id));
  return goesOn ? rows : [];
}

/**
 * The judgement of an answer. A suspect or wrong one may be a short-lived error of the list, so the page is read again.
 * When a suspect answer comes again, it is accepted, and the walk continues with the `changes`.
 */
type Verdict =
  | { is: "right"; changes?: undefined }
  | { is: "suspect"; fault: string; changes: Partial<Walk> }
  | { is: "wrong"; fault: string };

function judge(
  { size, usualSize, horizon, filled, last, total: totalBefore }: Walk,
  { page, pages, total, rows }: ListAnswer,
): Verdict {
  const suspect = (fault: string, changes: Partial<Walk>): Verdict => ({ is: "suspect", fault, changes });
  const wrong = (fault: string): Verdict => ({ is: "wrong", fault });
  const count = rows.length;
  if (new Set(rows.map(({ id }) => id)).size !== count)
    return wrong(`page ${page} shows an entry more than once`);
  if (page === 1 && total === 0 && count === 0) {
    const wasFilled = filled || last !== undefined || (totalBefore ?? 0) > 0;
    return wasFilled ? suspect("it is empty, and entries are known", { filled: false }) : { is: "right" };
  }
  const expected = Math.min(size, Math.max(0, total - (page - 1) * size));
  // More rows than expected mean that the count is too low. A count that is too high shows at the end of the list.
  if (count === expected || (count > expected && count <= size)) return { is: "right" };
  const fault = `page ${page} of a list of ${total} has ${count} entries, not ${expected}`;
  const isLarger = count > size;
  if (page === 1 && (isLarger || pages > 1) && isPageSize(count, { total, pages })) {
    return suspect(fault, { size: count });
  }
  const beginWith = (size: number) => beginWalk(size, { usualSize, horizon, filled });
  if (isLarger) return page > 1 ? suspect(fault, beginWith(count)) : wrong(fault);
  if (page * size >= total) return suspect(fault, {});
  // A short page in the middle of the list: the learned page size may be wrong.
  return page > 1 && size !== usualSize ? suspect(fault, beginWith(usualSize)) : wrong(fault);
}

/** Whether this page size fits the list's length and its number of pages, even if the length is off by one. */
function isPageSize(size: number, { total, pages }: { total: number; pages: number }): boolean {
  if (size === 0) return false;
  return [total - 1, total, total + 1].some((length) => Math.ceil(length / size) === pages);
}

/**
 * Applies an accepted answer to the walk. An example with pages of two: the list is `a b c d e`, and `a` is deleted after
 * the first answer.
 *
 * 1. Page 1 is `a b` of 5. It joins the frontier 0: the frontier is 2, and the edge is `b`.
 * 2. Page 2 is `d e` of 4, because `c` moved up to page 1. The list is shorter by one, so the frontier is 1. Page 2 begins
 *    after it, so the walk goes back.
 * 3. Page 1 is `b c` of 4. It joins the frontier 1: the frontier is 2, and the edge is `c`.
 * 4. Page 2 is `d e` of 4. It joins: the frontier is 4. It was full, so the walk reads page 3, which is empty, and ends.
 */
function takeAnswer(walk: Walk, { page, total, rows }: ListAnswer): Advance {
  const { last, size } = walk;
  const start = (page - 1) * size;
  if (last && repeats(last, { page, total, rows }, walk.total)) {
    // Either one of the two answers is wrong, or exactly one page of rows was added above. The pages before show
    // which.
    const behind = Math.max(0, Math.min(start - size, (last.page - 1) * size));
    const next = { ...walk, frontier: Math.min(walk.frontier, behind) };
    // No page is before the first one, so the walk reads it again. When it is the same, the later page was wrong.
    if (page === 1) next.last = { page, rows };
    return { walk: next, fault: `page ${page} shows the entries of page ${last.page}`, isEcho: true };
  }
  const now = shortenWalk(walk, total);
  // Otherwise rows before the page are unseen, and the walk must go back.
  const isJoined = start <= now.frontier;
  const frontier = isJoined ? Math.max(now.frontier, start + rows.length) : now.frontier;
  return {
    walk: {
      ...now,
      ...(isJoined && meetEdge(now, page, rows)),
      frontier,
      ended: isJoined && rows.length < size,
      top: now.top ?? rows.find(({ key }) => key <= now.horizon)?.key,
      totalAtTop: page === 1 ? total : walk.totalAtTop,
      goneBack: now.goneBack && frontier <= now.goneBack.from ? now.goneBack : undefined,
      refusal: undefined,
      last: { page, rows },
    },
    rows,
  };
}

/** The walk with a new length of the list: it goes back by as many rows as the list became shorter. */
function shortenWalk(walk: Walk, total: number): Walk {
  const gone = Math.max(0, (walk.total ?? total) - total);
  if (gone === 0 || walk.doubts === "all") return { ...walk, total };
  const { from, times } = walk.goneBack ?? { from: walk.frontier, times: 0 };
  if (times === GO_BACK_LIMIT) return { ...walk, total, doubts: "all" };
  const goneBack = { from, times: times + 1 };
  return { ...walk, total, frontier: Math.max(0, walk.frontier - gone), goneBack };
}

/** Whether an answer shows exactly the rows of another page, and no deletion or change explains it. */
function repeats(
  last: Shown,
  { page, total, rows }: Omit<ListAnswer, "pages">,
  totalBefore?: number,
): boolean {
  if (page === last.page || rows.length === 0) return false;
  // Rows move up only by deletions, which change the total. They may move down by changes, which do not.
  if (page < last.page && total !== totalBefore) return false;
  return isDeepStrictEqual(rows, last.rows);
}

/** Moves the edge to the end of a page that continues the walk. */
function meetEdge(
  { edge, doubts }: Walk,
  page: number,
  rows: readonly ListedRow[],
): Pick<Walk, "edge" | "doubts"> {
  const [first, last] = [rows.at(0), rows.at(-1)];
  if (!first || !last) return { edge, doubts };
  // When a page begins above the edge's key, all rows with that key follow and are seen again.
  const before = edge && page > 1 && first.key <= edge.key ? edge : undefined;
  const doubtful = before && rows.some(({ id, key }) => key === before.key && before.ids.includes(id));
  const tied = rows.filter(({ key }) => key === last.key).map(({ id }) => id);
  const ids = before?.key === last.key ? [...new Set([...before.ids, ...tied])] : tied;
  return {
    edge: { key: last.key, ids: ids.slice(-EDGE_LIMIT) },
    doubts: doubtful ? withDoubt(doubts, before.key) : doubts,
  };
}

function withDoubt(doubts: Doubts, key: number): Doubts {
  if (doubts === "all" || doubts.includes(key)) return doubts;
  return doubts.length + 1 < DOUBTS_LIMIT ? [...doubts, key] : "all";
}
