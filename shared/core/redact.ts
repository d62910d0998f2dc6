import { cut } from "./text.ts";

const URL_IN_TEXT = /\b([a-z][a-z0-9+.-]*:\/\/)([^\s"'<>]*)/gi;
const EMAIL = /[^\s"<>@:/,;()]+@[^\s"'<>@:/,;()]+/g;

/**
 * Removes private data from a text for the log: email addresses, and all parts of a URL except its host. User
 * information, paths and queries can contain keys. The text must not contain LiveChat's words (see `AppError.summary`).
 * The result has at most 500 characters.
 */
export function redact(text: string): string {
  const redacted = text
    .replace(URL_IN_TEXT, (_, scheme: string, rest: string) => `${scheme}${hostOf(rest)}/…`)
    .replace(EMAIL, "…@…");
  return cut(redacted, 500);
}

function hostOf(rest: string): string {
  const authority = rest.split(/[/?#]/, 1)[0] ?? "";
  return authority.slice(authority.lastIndexOf("@") + 1);
}
