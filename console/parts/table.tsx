import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { returnToRow } from "./back-navigation.ts";

/** The heading of a column. A column with `number` is aligned right. A `hidden` heading is for screen readers only. */
export type Head = string | { number: string } | { hidden: string };

type TableProps = { caption: string; heads: readonly Head[]; children: ComponentChildren };

/** A table, with its rows as children. On a narrow screen rows are cards, and wider content scrolls. */
export function Table({ caption, heads, children }: TableProps) {
  const table = useRef<HTMLTableElement>(null);
  useEffect(() => {
    if (table.current) returnToRow(table.current);
  }, []);
  // On a narrow screen the style sheet shows these headings in each cell.
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
