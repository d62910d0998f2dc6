const SIGNS: Record<string, string> = { busy: "●", ok: "✓", attention: "!", bad: "✕", unknown: "?" };

/** A state as a sign and a word. `kind` is busy, ok, attention, bad or unknown, and decides the colour. */
export function State({ kind, children }: { kind: string; children?: string }) {
  return (
    <span class={`state ${kind}`}>
      <span aria-hidden="true">{SIGNS[kind] ?? "·"}</span>
      {children ?? kind}
    </span>
  );
}

/** Whether a chat is in progress. */
export function ChatState({ of }: { of: string }) {
  return <State kind={of === "started" ? "busy" : "ok"}>{of === "started" ? "in progress" : "ended"}</State>;
}
