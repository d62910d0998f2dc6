import { InvalidInput, NotFound } from "../core/errors.ts";
import {
  type Checkpoint,
  CLOCK_DIFFERENCE,
  type Doubts,
  type ItemFacts,
  type Source,
  UnusablePage,
} from "./source.ts";
import {
  advanceWalk,
  beginWalk,
  doubtsOf,
  hasPassed,
  type ListedRow,
  nextPage,
  refuse,
  type Walk,
} from "./walk.ts";

/** A list whose pages have numbers and whose items are in the order of their last change, the latest first. */
export type NumberedPages<Item> = {
  /** Reads a page; the first is 1. `total` and `pages` count the whole list. */
  list(page: number): Promise<ItemPage<Item>>;
  facts(item: Item): ItemFacts;
  /** How many items a page has, as far as is known; the walk learns it when that is wrong. */
  pageSize: number;
};

export type ItemPage<Item> = {
  total: number;
  pages: number;
  items: readonly Item[];
  odd?: readonly string[];
  withoutId?: number;
};

/** Where a reading stands. */
export type NumberedPosition = { walk: Walk; since?: Checkpoint; begunAt: number };

/** So many useless answers in a row make a run fail, */
const USELESS = 3;
/** and so many in all that show another page than the requested one. */
const ECHOES = 10;
/** Milliseconds after which a second is over by the account's clock too. */
const SURELY_OVER = 60_000;
/** The checkpoint of an account that has shown nothing yet. */
const NEVER: Checkpoint = { key: -1, closed: false };

/** The source of a list with numbered pages, walked as `walk.ts` says. */
export function numberedPages<Item>({
  list,
  facts,
  pageSize,
}: NumberedPages<Item>): Source<Item, NumberedPosition> {
  // A page with a useless answer is read again, within each run's own limits.
  let [useless, echoes] = [0, 0];
  return {
    facts,
    begin({ since, now, live, memory }) {
      const size = typeof memory === "number" ? memory : pageSize;
      return {
        walk: beginWalk(size, {
          usualSize: pageSize,
          horizon: now + CLOCK_DIFFERENCE,
          filled: live > 0,
        }),
        since,
        begunAt: now,
      };
    },

    async read(position) {
      const page = nextPage(position.walk);
      let answer: ItemPage<Item>;
      try {
        answer = await list(page);
      } catch (error) {
        const next =
          error instanceof InvalidInput || error instanceof NotFound ? refuse(position.walk) : undefined;
        if (!next) throw error;
        return toPage({ ...position, walk: next });
      }
      const { items, total, pages, odd, withoutId = 0 } = answer;
      const { walk, rows, fault, isEcho } = advanceWalk(position.walk, {
        ...{ page, total, pages },
        rows: toRows(items.map(facts), withoutId),
      });
      useless = fault ? useless + 1 : 0;
      if (isEcho) echoes++;
      if (useless === USELESS || echoes === ECHOES) {
        throw new UnusablePage(`LiveChat's list cannot be right: ${fault}.`);
      }
      const next = toPage<Item>({ ...position, walk });
      if (!rows) return next;
      const shown = new Set(rows.map(({ id }) => id));
      return { ...next, items: items.filter((item) => shown.has(facts(item).id)), odd, withoutId };
    },
  };
}

function toPage<Item>(position: NumberedPosition) {
  const { walk, since } = position;
  const pages = Math.ceil((walk.total ?? 0) / walk.size);
  const doubts = doubtsOf(walk, since && (since.closed ? since.key + 1 : since.key));
  const isOver = since ? hasPassed(walk, since.key, { above: since.closed }) : walk.ended;
  return {
    position,
    progress: { page: Math.min(pages, nextPage(walk) - 1), pages },
    memory: walk.size,
    ...((walk.top !== undefined || isOver) && { checkpoint: checkpointOf(position, doubts) }),
    ...(isOver && { end: { total: since ? walk.totalAtTop : walk.total, doubts } }),
    items: undefined as readonly Item[] | undefined,
  };
}

/** The top of the list as it was when the reading began; below the first doubt, so that the next reading clears it. */
function checkpointOf({ walk: { top }, since, begunAt }: NumberedPosition, doubts: Doubts): Checkpoint {
  if (top === undefined || (since && doubts === "all")) return since ?? NEVER;
  const lowest = since && doubts !== "all" ? Math.min(...doubts) : Number.POSITIVE_INFINITY;
  return lowest <= top ? { key: lowest, closed: false } : { key: top, closed: top < begunAt - SURELY_OVER };
}

/** Rows for the walk: in the order in which they are listed, also where an item does not say when it changed. */
function toRows(items: readonly ItemFacts[], withoutId: number): ListedRow[] {
  let key = items.find(({ changedAt }) => changedAt !== undefined)?.changedAt ?? 0;
  const rows = items.map(({ id, changedAt = key }) => {
    key = changedAt;
    return { id, key };
  });
  // They take their place on the page. No id is empty or has a space alone, so these are no ticket's.
  return [...rows, ...Array.from({ length: withoutId }, (_, index) => ({ id: ` ${index}`, key }))];
}
