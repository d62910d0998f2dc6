const SIGNS: Record<string, string> = { ok: "✓", attention: "!", bad: "✕", unknown: "?" };

/** A state by sign and word. `kind` gives the colour: ok, attention, bad or unknown. */
export function State({ kind, children }: { kind: string; children?: string }) {
  return (
    <span class={`state ${kind}`}>
      <span aria-hidden="true">{SIGNS[kind] ?? "·"}</span>
      {children ?? kind}
    </span>
  );
}
