import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { returnToRow } from "./came-back.ts";

/** A heading: text, with `number` for a column of numbers, with `hidden` for one that only a screen reader says. */
export type Head = string | { number: string } | { hidden: string };

type TableProps = { caption: string; heads: readonly Head[]; children: ComponentChildren };

/** A table; on a narrow screen its rows are cards, and what is wider scrolls within it. Its rows are the children. */
export function Table({ caption, heads, children }: TableProps) {
  const table = useRef<HTMLTableElement>(null);
  useEffect(() => {
    if (table.current) returnToRow(table.current);
  }, []);
  // On a narrow screen each cell says its heading: see the style sheet.
  useEffect(() => {
    for (const [index, head] of heads.entries()) {
      table.current?.style.setProperty(`--head-${index + 1}`, JSON.stringify(labelOf(head)));
    }
  }, [JSON.stringify(heads)]);
  return (
    <div class="scroll">
      <table ref={table}>
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {heads.map((head) =>
              typeof head === "string" ? (
                <th scope="col" key={head}>
                  {head}
                </th>
              ) : "number" in head ? (
                <th scope="col" class="number" key={head.number}>
                  {head.number}
                </th>
              ) : (
                <th scope="col" key={head.hidden}>
                  <span class="visually-hidden">{head.hidden}</span>
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

function labelOf(head: Head): string {
  return typeof head === "string" ? head : "number" in head ? head.number : "";
}
