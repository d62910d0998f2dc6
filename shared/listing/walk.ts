import type { Doubts } from "./source.ts";

/**
 * Walking a list that is read page by page while it changes: rows with a key, highest key first, of which every change
 * moves a row to the top. It knows nothing of what the rows are, and is pure: a walk is a value, so it can be stored
 * and continued by another process.
 *
 * Why nothing is missed. Between two reads, new rows move unseen rows down: these are then seen later, or others twice;
 * and they move up when rows above them are deleted, perhaps past what has been read. They cannot move up by more than
 * the list got shorter: its length changes by the new rows minus the deleted ones; a changed row that moves to the top
 * does not change it. So a walk that goes back by as many rows as the list got shorter meets every row that was there
 * all the time, or that was changed and is above where it began.
 *
 * The remaining case is rows with the same key that change places across the edge of a page: the walk then sees one of
 * them twice and misses the other. A row that is seen twice with the key at the edge is a sign of that, though it
 * mostly means that a row came in above; so its key is added to the walk's `doubts`.
 *
 * What the list says of itself need not be true. Its count may be off by a little: the end of the list is a page that is
 * not full, and the count is only believed in how it changes. Its pages may have another size than we think.
 */
export type Walk = {
  /** How many rows a full page has. */
  size: number;
  /** How many it is said to have, to fall back on when what was learned turns out to be wrong. */
  usualSize: number;
  /** So many rows from the top, as the list is now, have been seen. */
  frontier: number;
  /** Whether the last page that was read begins within the frontier; if not, the walk has to go back. */
  joined: boolean;
  /** Whether the last row of the list has been seen. */
  ended: boolean;
  /** Highest key of the list when the walk began, keys above `horizon` left out; absent when there was none. */
  top?: number;
  /** Keys above this one are wrong: times that have not come yet. */
  horizon: number;
  /** Length of the list by its last count; absent before the first. */
  total?: number;
  /** Length of the list when its first page was last read. */
  totalAtTop: number;
  /** Whether rows are known, so that an empty list is strange. */
  filled: boolean;
  /** The key at the frontier, with the rows of that key that have been seen. */
  edge?: { key: number; ids: readonly string[] };
  /** Keys of which a row may have been missed. */
  doubts: readonly number[];
  /** The last page that was taken, to tell an answer that repeats it. */
  last?: Shown;
  /** The last answer, when it was strange: it is believed when it comes twice, where that can be. */
  strange?: Shown;
  /** The page before the one at which the list got shorter. */
  before?: Shown;
  /** A page to which, as that page has shown, no row moved up, despite the count. */
  unmoved?: number;
  /** Whether the walk went on there although the list got shorter once more, and so may have missed any row. */
  doubtsAll?: true;
  /** A page that the list refused. The first page is asked for next, to tell how long the list is. */
  refused?: number;
  /** A page that was refused although the list should have it. */
  missing?: number;
};

export type ListedRow = { id: string; key: number };
type Shown = { page: number; rows: readonly ListedRow[] };

/** What a list answers: a page of its rows (the first page is 1), its length, and how many pages that makes. */
export type ListAnswer = Shown & { total: number; pages: number };

/**
 * What an answer does to a walk. Without `rows` it is useless, and `fault` has the reason. `isEcho`: it shows another
 * page once more, and so the walk has gone back.
 */
export type Advance = { walk: Walk; rows?: readonly ListedRow[]; fault?: string; isEcho?: true };

/** So many rows with the key at the edge are remembered: when more share a key, only the last of them are compared. */
const EDGE_LIMIT = 500;
/** With so many doubts a walk proves nothing: it doubts all keys. */
const DOUBTS_LIMIT = 2000;

export function beginWalk(
  size: number,
  {
    usualSize = size,
    horizon = Number.MAX_SAFE_INTEGER,
    filled = false,
  }: { usualSize?: number; horizon?: number; filled?: boolean } = {},
): Walk {
  const nothing = { frontier: 0, joined: true, ended: false, totalAtTop: 0, doubts: [] };
  return { size, usualSize, horizon, filled, ...nothing };
}

/** The keys, from this one on, of which a row may have been missed. */
export function doubtsOf({ doubts, doubtsAll }: Walk, from = Number.NEGATIVE_INFINITY): Doubts {
  return doubts.length < DOUBTS_LIMIT && !doubtsAll ? doubts.filter((key) => key >= from) : "all";
}

/** The page to ask for. */
export function nextPage({ refused, frontier, size }: Walk): number {
  return refused === undefined ? Math.floor(frontier / size) + 1 : 1;
}

/** Whether every row is seen whose key is at least this one, or above it when `above` is set. */
export function hasPassed(walk: Walk, key: number, { above = false } = {}): boolean {
  if (walk.ended) return true;
  if (!walk.joined || !walk.edge) return false;
  return above ? walk.edge.key <= key : walk.edge.key < key;
}

/** The walk when the list refuses `nextPage`; absent when that cannot be. */
export function refuse(walk: Walk): Walk | undefined {
  const page = nextPage(walk);
  return page === 1 || walk.missing === page ? undefined : { ...walk, refused: page };
}

/** The walk after the answer for `nextPage`. */
export function advanceWalk(walk: Walk, answer: ListAnswer): Advance {
  if (walk.refused !== undefined) return { walk: afterRefusal(walk, walk.refused, answer.total) };
  const shown = { ...answer, rows: withoutEcho(walk, answer) };
  const strange = findStrange(walk, shown);
  if (!strange) return take({ ...walk, strange: undefined }, shown);

  const { page, rows } = shown;
  const { believe, fault } = strange;
  if (believe && walk.strange?.page === page && areSameRows(walk.strange.rows, rows)) {
    return take({ ...walk, ...believe, strange: undefined }, shown);
  }
  return { walk: { ...walk, strange: { page, rows } }, fault };
}

function afterRefusal(walk: Walk, refused: number, total: number): Walk {
  const next = shortenWalk({ ...walk, refused: undefined }, total);
  if (nextPage(next) !== refused) return next;
  // By the count, that page is the last one or after it, so its rows do not exist.
  if (refused * walk.size >= total) return { ...next, joined: true, ended: true };
  return { ...next, missing: refused };
}

/**
 * The rows of an answer. For a page after its end, a list may show another page again; only what goes on where the walk
 * is can be rows that the count has left out.
 */
function withoutEcho({ edge, last, size }: Walk, { page, total, rows }: ListAnswer): readonly ListedRow[] {
  const isBehind = page > 1 && (page - 1) * size >= total;
  const [first] = rows;
  if (!isBehind || !first) return rows;
  const known = new Set([...(last?.rows ?? []).map(({ id }) => id), ...(edge?.ids ?? [])]);
  const goesOn = edge !== undefined && first.key <= edge.key && !rows.some(({ id }) => known.has(id));
  return goesOn ? rows : [];
}

/**
 * What is strange about an answer. It may be a short error of the list, so it is read again; `believe` is what has to
 * be so when it comes again just as it was, and absent where nothing explains it.
 */
function findStrange(
  { size, usualSize, horizon, filled, last, total: totalBefore }: Walk,
  { page, pages, total, rows }: ListAnswer,
): { fault: string; believe?: Partial<Walk> } | undefined {
  const count = rows.length;
  if (new Set(rows.map(({ id }) => id)).size !== count) {
    return { fault: `page ${page} shows an entry more than once` };
  }
  if (page === 1 && total === 0 && count === 0) {
    const wasFilled = filled || last !== undefined || (totalBefore ?? 0) > 0;
    return wasFilled
      ? { fault: "it is empty, and entries are known", believe: { filled: false } }
      : undefined;
  }
  const expected = Math.min(size, Math.max(0, total - (page - 1) * size));
  // More than a count that is too low; a count that is too high shows at the end of the list.
  if (count === expected || (count > expected && count <= size)) return undefined;
  const fault = `page ${page} of a list of ${total} has ${count} entries, not ${expected}`;
  const isLarger = count > size;
  if (page === 1 && (isLarger || pages > 1) && isPageSize(count, { total, pages })) {
    return { fault, believe: { size: count } };
  }
  const beginWith = (size: number) => beginWalk(size, { usualSize, horizon, filled });
  if (isLarger) return { fault, ...(page > 1 && { believe: beginWith(count) }) };
  if (page * size >= total) return { fault, believe: {} };
  // In the middle of the list; the size that was learned may be wrong.
  return { fault, ...(size !== usualSize && page > 1 && { believe: beginWith(usualSize) }) };
}

/** Whether this can be the size of the list's pages by both of its counts, of which one may be off by one. */
function isPageSize(size: number, { total, pages }: { total: number; pages: number }): boolean {
  if (size === 0) return false;
  return [total - 1, total, total + 1].some((length) => Math.ceil(length / size) === pages);
}

/** Takes in an answer that is not strange. */
function take(walk: Walk, { page, total, rows }: ListAnswer): Advance {
  const { last, size } = walk;
  const start = (page - 1) * size;
  if (last && repeats(last, { page, total, rows }, walk.total)) {
    // Either one of the two answers is false, or exactly a page of rows came in above: the pages before tell.
    const behind = Math.max(0, Math.min(start - size, (last.page - 1) * size));
    const next = { ...walk, frontier: Math.min(walk.frontier, behind), joined: false };
    return { walk: next, fault: `page ${page} shows the entries of page ${last.page}`, isEcho: true };
  }
  const moved = walk.before?.page === page && !areSameRows(walk.before.rows, rows);
  const unmoved = walk.before?.page === page && !moved ? page + 1 : walk.unmoved;
  // A count that changes all the time must not stop the walk.
  const isShaky = walk.unmoved === page && total < (walk.total ?? total);
  const now: Walk = isShaky ? { ...walk, total, doubtsAll: true } : shortenWalk(walk, total);
  const joined = start <= now.frontier;
  const seen = { page, rows };
  return {
    walk: {
      ...now,
      ...(joined && { ...meetEdge(walk, page, rows), frontier: Math.max(now.frontier, start + rows.length) }),
      joined,
      ended: joined && rows.length < size,
      top: now.top ?? rows.find(({ key }) => key <= now.horizon)?.key,
      totalAtTop: page === 1 ? total : walk.totalAtTop,
      before: joined ? undefined : last,
      unmoved: joined && walk.unmoved === page ? undefined : unmoved,
      missing: undefined,
      last: seen,
    },
    rows,
  };
}

/** The walk when the list turns out to have become this short: it goes back by as many rows. */
function shortenWalk(walk: Walk, total: number): Walk {
  const gone = Math.max(0, (walk.total ?? total) - total);
  if (gone === 0) return { ...walk, total };
  return { ...walk, total, frontier: Math.max(0, walk.frontier - gone), joined: false };
}

/** Whether an answer shows the very rows of another page, although nothing says that they have moved there. */
function repeats(
  last: Shown,
  { page, total, rows }: Omit<ListAnswer, "pages">,
  totalBefore?: number,
): boolean {
  if (page === last.page || rows.length === 0) return false;
  // They come up only by deletions, which the total tells; that they went down may be by changes, which nothing tells.
  if (page < last.page && total !== totalBefore) return false;
  return areSameRows(rows, last.rows);
}

function areSameRows(a: readonly ListedRow[], b: readonly ListedRow[]): boolean {
  return (
    a.length === b.length && a.every(({ id, key }, index) => id === b[index]?.id && key === b[index]?.key)
  );
}

/** Moves the edge to the end of a page that joins what has been seen. */
function meetEdge(
  { edge, doubts }: Walk,
  page: number,
  rows: readonly ListedRow[],
): Pick<Walk, "edge" | "doubts"> {
  const [first, last] = [rows.at(0), rows.at(-1)];
  if (!first || !last) return { edge, doubts };
  // A page that begins above the edge's key has all rows of that key before it, so they are all seen anew.
  const before = edge && page > 1 && first.key <= edge.key ? edge : undefined;
  const doubtful = before && rows.some(({ id, key }) => key === before.key && before.ids.includes(id));
  const tied = rows.filter(({ key }) => key === last.key).map(({ id }) => id);
  const ids = before?.key === last.key ? [...new Set([...before.ids, ...tied])] : tied;
  return {
    edge: { key: last.key, ids: ids.slice(-EDGE_LIMIT) },
    doubts: doubtful ? [...new Set([...doubts, before.key])].slice(0, DOUBTS_LIMIT) : doubts,
  };
}
