import { useState } from "preact/hooks";
import { Slices } from "./slices.tsx";
import { Text } from "./text.tsx";

/** The size of a slice: entries of an object or list, or characters of a text. */
const ENTRIES_SHOWN = 200;
const CHARACTERS_SHOWN = 2_000;

/** Shows JSON as a tree. A part is rendered when it is opened, a large part in slices: a payload may have 16 MiB. */
export function Tree({ value, name, open = false }: { value: unknown; name?: string; open?: boolean }) {
  return (
    <div class="tree">
      <Node value={value} name={name} open={open} />
    </div>
  );
}

function Node({ value, name, open }: { value: unknown; name?: string | undefined; open: boolean }) {
  const [isOpen, setOpen] = useState(open);
  if (typeof value !== "object" || value === null) {
    return (
      <span>
        <Name of={name} /> {typeof value === "string" ? <Long value={value} /> : String(value)}
      </span>
    );
  }
  const entries = Object.entries(value);
  const kind = Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`;
  return (
    <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <Name of={name} /> <span class="quiet">{kind}</span>
      </summary>
      {isOpen && (
        <ul>
          <Slices of={entries} step={ENTRIES_SHOWN}>
            {([name, value]) => (
              <li key={name}>
                <Node name={name} value={value} open={false} />
              </li>
            )}
          </Slices>
        </ul>
      )}
    </details>
  );
}

function Name({ of }: { of: string | undefined }) {
  return of === undefined ? null : (
    <span class="name">
      <Text value={of.slice(0, 200)} />:
    </span>
  );
}

/** Shows a long text in slices. */
export function Long({ value }: { value: string }) {
  const [count, setCount] = useState(CHARACTERS_SHOWN);
  const end = isBetweenSurrogates(value, count) ? count + 1 : count;
  return (
    <>
      <Text value={value.slice(0, end)} />
      {value.length > end && (
        <button type="button" class="plain" onClick={() => setCount(count + CHARACTERS_SHOWN * 10)}>
          {value.length - end} more characters
        </button>
      )}
    </>
  );
}

function isBetweenSurrogates(text: string, at: number): boolean {
  return /^[\uD800-\uDBFF][\uDC00-\uDFFF]$/.test(text.slice(at - 1, at + 1));
}
