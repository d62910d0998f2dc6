import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

type SlicesProps<Item> = {
  of: readonly Item[];
  /** The number of items in a slice. */
  step: number;
  /** Returns the `li` of an item. */
  children: (item: Item, index: number) => ComponentChildren;
};

/** Shows a long list in slices, because a payload may have 16 MiB. */
export function Slices<Item>({ of, step, children }: SlicesProps<Item>) {
  const [count, setCount] = useState(step);
  return (
    <>
      {of.slice(0, count).map(children)}
      {of.length > count && (
        <li>
          <button type="button" class="plain" onClick={() => setCount(count + step)}>
            {of.length - count} more
          </button>
        </li>
      )}
    </>
  );
}
