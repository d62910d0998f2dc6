/**
 * Walking a list that is read page by page while it changes: rows with a key, highest key first, of which every change
 * moves a row to the top. It knows nothing of what the rows are, and is pure: a walk is a value, so that it can be kept
 * and gone on with by another process.
 *
 * Why nothing is missed. Between two reads, rows that have not been seen move down when others come in above them,
 * which shows them later, or shows others twice; and they move up when rows above them are deleted, perhaps past what
 * has been read. They cannot move up by more than the list got shorter: its length changes by what came in minus what
 * was deleted, and a changed row that moves to the top leaves it as it is. So a walk that goes back by as many rows as
 * the list got shorter meets every row that was there all the time, or that was changed and is above where it began.
 *
 * What is left are rows that share a key and change places across the edge of a page: the walk then sees one of them
 * twice and does not know of the other. A row that is seen twice with the key at the edge is a sign of that, though it
 * mostly means that a row came in above; so that key goes into the walk's `doubts`.
 */
export type Walk = {
  /** So many rows from the top, as the list is now, have been seen. */
  frontier: number;
  /** Whether the last page that was read begins within the frontier; if not, the walk has to go back. */
  joined: boolean;
  /** Key of the list's first row when the walk began; absent when there was none. */
  top?: number;
  /** Length of the list by the last answer; absent before the first. */
  total?: number;
  /** Length of the list when its first page was last read. */
  totalAtTop: number;
  /** The key at the frontier, with the rows of that key that have been seen. */
  edge?: { key: number; ids: readonly string[] };
  /** Keys of which a row may have been missed. */
  doubts: readonly number[];
  /** The last page that was taken, to tell an answer that repeats it. */
  last?: { page: number; rows: readonly Row[] };
  /** How many answers in a row were no use because they repeat that page; at `REPEATS_LIMIT` it is time to give up. */
  repeats: number;
};

export type Row = { id: string; key: number };

/** What a list answers: a page of its rows (the first page is 1), and its length. */
export type Answer = { page: number; total: number; rows: readonly Row[] };

/** So many rows with the key at the edge are remembered: when more share a key, only the last of them are compared. */
const EDGE_LIMIT = 500;
/** More doubts than that are as good as one: the walk proves nothing. */
export const DOUBTS_LIMIT = 1000;
export const REPEATS_LIMIT = 3;

export function beginWalk(): Walk {
  return { frontier: 0, joined: true, totalAtTop: 0, doubts: [], repeats: 0 };
}

export function nextPage(walk: Walk, pageSize: number): number {
  return Math.floor(walk.frontier / pageSize) + 1;
}

/** What is wrong with an answer by its own count, in words; such an answer must not be taken. */
export function faultIn({ page, total, rows }: Answer, pageSize: number): string | undefined {
  const expected = Math.min(pageSize, Math.max(0, total - (page - 1) * pageSize));
  if (rows.length !== expected)
    return `page ${page} of a list of ${total} has ${rows.length} entries, not ${expected}`;
  if (new Set(rows.map(({ id }) => id)).size !== rows.length)
    return `page ${page} shows an entry more than once`;
  return undefined;
}

/** The walk after one more answer, which is the one for `nextPage` and has no fault. */
export function advance(walk: Walk, { page, total, rows }: Answer, pageSize: number): Walk {
  const start = (page - 1) * pageSize;
  if (walk.last && repeats(walk.last, { page, total, rows }, walk.total)) {
    // Either one of the two answers is false, or exactly a page of rows came in above: the pages before tell.
    const behind = Math.max(0, Math.min(start - pageSize, (walk.last.page - 1) * pageSize));
    const given = walk.repeats + 1;
    const last = given < REPEATS_LIMIT ? walk.last : undefined;
    return { ...walk, frontier: Math.min(walk.frontier, behind), joined: false, last, repeats: given };
  }
  const now = shorten(walk, total);
  const joined = start <= now.frontier;
  return {
    ...now,
    ...(joined && { ...meetEdge(walk, page, rows), frontier: Math.max(now.frontier, start + rows.length) }),
    joined,
    top: walk.total === undefined ? rows[0]?.key : walk.top,
    totalAtTop: page === 1 ? total : walk.totalAtTop,
    last: { page, rows },
    repeats: 0,
  };
}

/** The walk when the list turns out to have become this short: it goes back by as many rows. */
export function shorten(walk: Walk, total: number): Walk {
  const gone = Math.max(0, (walk.total ?? total) - total);
  if (gone === 0) return { ...walk, total };
  return { ...walk, total, frontier: Math.max(0, walk.frontier - gone), joined: false };
}

/** Whether every row is seen whose key is at least this one, or above it when `above` is set. */
export function hasPassed(walk: Walk, key: number, { above = false } = {}): boolean {
  if (hasEnded(walk)) return true;
  if (!walk.joined || !walk.edge) return false;
  return above ? walk.edge.key <= key : walk.edge.key < key;
}

/** Whether the walk is at the end of the list. */
export function hasEnded(walk: Walk): boolean {
  return walk.total !== undefined && walk.joined && walk.frontier >= walk.total;
}

/** Whether an answer shows the very rows of another page, although nothing says that they have moved there. */
function repeats(
  last: { page: number; rows: readonly Row[] },
  answer: Answer,
  totalBefore?: number,
): boolean {
  const { page, total, rows } = answer;
  if (page === last.page || rows.length === 0 || rows.length !== last.rows.length) return false;
  // They come up only by deletions, which the total tells; that they went down may be by changes, which nothing tells.
  if (page < last.page && total !== totalBefore) return false;
  return rows.every(({ id, key }, index) => id === last.rows[index]?.id && key === last.rows[index]?.key);
}

/** Moves the edge to the end of a page that joins what has been seen. */
function meetEdge({ edge, doubts }: Walk, page: number, rows: readonly Row[]): Pick<Walk, "edge" | "doubts"> {
  const [first, last] = [rows.at(0), rows.at(-1)];
  if (!first || !last) return { edge, doubts };
  // A page that begins above the edge's key has all rows of that key before it, so they are all seen anew.
  const before = edge && page > 1 && first.key <= edge.key ? edge : undefined;
  const doubtful = before && rows.some(({ id, key }) => key === before.key && before.ids.includes(id));
  const tied = rows.filter(({ key }) => key === last.key).map(({ id }) => id);
  const ids = before?.key === last.key ? [...new Set([...before.ids, ...tied])] : tied;
  return {
    edge: { key: last.key, ids: ids.slice(-EDGE_LIMIT) },
    doubts: doubtful ? [...new Set([...doubts, before.key])].slice(-DOUBTS_LIMIT) : doubts,
  };
}
