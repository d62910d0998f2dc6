import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

type SlicesProps<Item> = {
  of: readonly Item[];
  /** How many items are added at once. */
  step: number;
  /** Returns the `li` of an item. */
  children: (item: Item, index: number) => ComponentChildren;
};

/** The items of a long list, in slices: a payload may have 16 MiB. */
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
