import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";

type FiltersProps = {
  /** The number of filters that are set. */
  active: number;
  children: ComponentChildren;
};

/** The filters of a list. On a narrow screen they are behind a button, so that the list comes first. */
export function Filters({ active, children }: FiltersProps) {
  const [open, setOpen] = useState(false);
  const box = useId();
  return (
    <>
      <button
        type="button"
        class="filters-toggle"
        aria-expanded={open}
        aria-controls={box}
        onClick={() => setOpen(!open)}
      >
        Filters{active > 0 && ` (${active} set)`}
      </button>
      <div id={box} class={open ? "filters" : "filters folded"}>
        {children}
      </div>
    </>
  );
}
