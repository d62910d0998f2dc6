import type { ComponentChildren } from "preact";
import { Action } from "./action.tsx";
import { ProblemBanner, Skeleton } from "./loaded.tsx";
import { type Head, Table } from "./table.tsx";
import type { Pages } from "./use-pages.ts";

type ListProps<Item> = {
  of: Pages<Item>;
  /** The name of the items, in the plural and lower case. */
  name: string;
  caption: string;
  heads: readonly Head[];
  row(item: Item): ComponentChildren;
  /** Explains which items appear here, and how to create one. */
  empty: ComponentChildren;
};

/** A list with its states: loading, empty or failed; and buttons for newer and older items. */
export function List<Item>({ of, name, caption, heads, row, empty }: ListProps<Item>) {
  const { items, fresh, problem, at } = of;
  return (
    <>
      {problem && problem.status !== 401 && (
        <ProblemBanner problem={problem} retry={of.reload} asOf={items && at} />
      )}
      <div role="status">
        {fresh.length > 0 && (
          <button type="button" class="main pill" onClick={of.showFresh}>
            {fresh.length} new
          </button>
        )}
      </div>
      {items === undefined && !problem && <Skeleton />}
      {items?.length === 0 && <div class="card empty">{empty}</div>}
      {items && items.length > 0 && (
        <div class="card">
          <Table caption={caption} heads={heads}>
            {items.map(row)}
          </Table>
        </div>
      )}
      {items && of.more && (
        <Action run={async () => `${await of.more?.()} more ${name}`}>
          {items.length === 0 ? "Look further back" : `Older ${name}`}
        </Action>
      )}
    </>
  );
}
