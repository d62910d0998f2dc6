const URL_IN_TEXT = /\b([a-z][a-z0-9+.-]*:\/\/)([^\s"'<>]*)/gi;
const EMAIL = /[^\s"'<>@:/,;()]+@[^\s"'<>@:/,;()]+\.[^\s"'<>@:/,;()]+/g;

/**
 * Takes out of a text for the log the addresses of people, and of URLs everything but the host, since keys hide in user
 * information, paths and queries. LiveChat's words are no part of the text: see `AppError.summary`. At most 500 characters
 * come out.
 */
export function redact(text: string): string {
  return text
    .replace(URL_IN_TEXT, (_, scheme: string, rest: string) => `${scheme}${hostOf(rest)}/…`)
    .replace(EMAIL, "…@…")
    .slice(0, 500);
}

function hostOf(rest: string): string {
  const authority = rest.split(/[/?#]/, 1)[0] ?? "";
  return authority.slice(authority.lastIndexOf("@") + 1);
}
