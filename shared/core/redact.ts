const URL_IN_TEXT = /\b([a-z][a-z0-9+.-]*:\/\/)([^\s"'<>]*)/gi;
/** How what LiveChat says is introduced in the messages of `livechat/failure.ts`: it may be about anybody. */
const WORDS = /\b((?:LiveChat|It) says:) [\s\S]*$/;
const EMAIL = /[^\s"'<>@:/,;()]+@[^\s"'<>@:/,;()]+\.[^\s"'<>@:/,;()]+/g;

/**
 * Takes out of a text for the log what must not be there: LiveChat's own words, addresses of people, and of URLs
 * everything but the host, since keys hide in user information, paths and queries. At most 500 characters come out.
 */
export function redact(text: string): string {
  return text
    .replace(WORDS, "$1 …")
    .replace(URL_IN_TEXT, (_, scheme: string, rest: string) => `${scheme}${hostOf(rest)}/…`)
    .replace(EMAIL, "…@…")
    .slice(0, 500);
}

function hostOf(rest: string): string {
  const authority = rest.split(/[/?#]/, 1)[0] ?? "";
  return authority.slice(authority.lastIndexOf("@") + 1);
}
