/**
 * Shows text from outside. It is always a text node. Its direction does not affect the text around it. Characters that
 * hide or reverse text are shown as signs.
 */
export function Text({ value }: { value: string }) {
  return (
    <bdi class="text">
      {toParts(value).map((part, index) => (index % 2 === 0 ? part : <Sign key={index} of={part} />))}
    </bdi>
  );
}

// Control characters except line feed and tab; zero-width, bidirectional and invisible ones; lone surrogates.
const HIDDEN =
  /([[\p{Cc}--[\n\t]]\p{Cs}\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\u{e0000}-\u{e0fff}])/v;

/** Splits a text into plain text and hidden characters, in turn. Plain text is first. */
function toParts(text: string): string[] {
  return text.split(HIDDEN);
}

function Sign({ of }: { of: string }) {
  const code = `U+${(of.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
  return (
    <span class="sign" title="An invisible character">
      {code}
    </span>
  );
}
