import { useRef, useState } from "preact/hooks";
import { cameBack } from "./back-navigation.ts";
import { mergeItems } from "./merge-items.ts";
import { type Polled, usePoll } from "./use-poll.ts";

export type Page<Item, Next> = { items: readonly Item[]; next: Next | null };

type Source<Item, Next> = {
  /** Identifies the list and its filters. A change starts another list. */
  wanted: string;
  keyOf(item: Item): string | number;
  first(signal: AbortSignal): Promise<Page<Item, Next>>;
  older(next: Next): Promise<Page<Item, Next>>;
  /** Reads the items that may be new or changed; by default those of the first page. */
  newer?(signal: AbortSignal): Promise<readonly Item[]>;
  everyMs?: number;
};

type State<Item, Next> = Page<Item, Next> & { wanted: string; fresh: readonly Item[]; at: number };

export type Pages<Item> = Polled & {
  items: readonly Item[] | undefined;
  /** New items that are not shown yet, so that the list does not move under the reader. */
  fresh: readonly Item[];
  showFresh(): void;
  /** Adds a page and returns the number of its items. Absent at the end. */
  more?: (() => Promise<number>) | undefined;
  at: number | undefined;
};

/** The last list: the browser's Back shows it again. */
let lastList: unknown;

/** A list that grows at both ends: older items come page by page, newer ones by polls. */
export function usePages<Item, Next>(source: Source<Item, Next>): Pages<Item> {
  const { wanted, keyOf, first, older, newer, everyMs } = source;
  const [state, setState] = useState<State<Item, Next> | undefined>(() =>
    cameBack() ? (lastList as State<Item, Next> | undefined) : undefined,
  );
  const shown = state?.wanted === wanted ? state : undefined;
  const known = useRef(shown);
  known.current = shown;
  lastList = shown;

  const polled = usePoll(
    async (signal) => {
      if (known.current && newer) {
        const items = await newer(signal);
        return () => setState((before) => before && { ...mergeItems(before, items, keyOf), at: Date.now() });
      }
      const page = await first(signal);
      return () =>
        setState((before) =>
          before?.wanted === wanted
            ? { ...mergeItems(before, page.items, keyOf), at: Date.now() }
            : { ...page, wanted, fresh: [], at: Date.now() },
        );
    },
    { wanted, everyMs },
  );

  const next = shown?.next ?? null;
  return {
    ...polled,
    items: shown?.items,
    fresh: shown?.fresh ?? [],
    at: shown?.at,
    showFresh: () =>
      setState((before) => before && { ...before, items: [...before.fresh, ...before.items], fresh: [] }),
    more:
      next === null
        ? undefined
        : async () => {
            const page = await older(next);
            setState((before) => {
              if (before?.wanted !== wanted) return before;
              const keys = new Set(before.items.map(keyOf));
              const items = page.items.filter((item) => !keys.has(keyOf(item)));
              return { ...before, items: [...before.items, ...items], next: page.next };
            });
            return page.items.length;
          },
  };
}
