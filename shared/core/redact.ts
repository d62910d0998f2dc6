const URL_IN_TEXT = /\b([a-z][a-z0-9+.-]*:\/\/)([^\s"'<>]*)/gi;
const EMAIL = /[^\s"'<>@:/,;()]+@[^\s"'<>@:/,;()]+\.[^\s"'<>@:/,;()]+/g;

/**
 * Makes a text fit for the log: removes email addresses, and of each URL everything but the host, since user information,
 * paths and queries can hold keys. The text must not contain LiveChat's words (see `AppError.summary`). The result has at
 * most 500 characters.
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
