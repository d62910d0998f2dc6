const SIGNS: Record<string, string> = { busy: "●", ok: "✓", attention: "!", bad: "✕", unknown: "?" };

/** Shows a state by a sign and a word. `kind` (busy, ok, attention, bad or unknown) decides sign and colour. */
export function State({ kind, children }: { kind: string; children?: string }) {
  return (
    <span class={`state ${kind}`}>
      <span aria-hidden="true">{SIGNS[kind] ?? "·"}</span>
      {children ?? kind}
    </span>
  );
}

/** Shows that a chat is in progress or ended. */
export function ChatState({ of }: { of: string }) {
  return <State kind={of === "started" ? "busy" : "ok"}>{of === "started" ? "in progress" : "ended"}</State>;
}
