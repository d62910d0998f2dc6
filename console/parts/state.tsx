const SIGNS: Record<string, string> = { busy: "●", ok: "✓", attention: "!", bad: "✕", unknown: "?" };

/** A state by sign and word. `kind` gives the colour: busy, ok, attention, bad or unknown. */
export function State({ kind, children }: { kind: string; children?: string }) {
  return (
    <span class={`state ${kind}`}>
      <span aria-hidden="true">{SIGNS[kind] ?? "·"}</span>
      {children ?? kind}
    </span>
  );
}

/** Whether a chat goes on. */
export function ChatState({ of }: { of: string }) {
  return <State kind={of === "started" ? "busy" : "ok"}>{of === "started" ? "in progress" : "ended"}</State>;
}
