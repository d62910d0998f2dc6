import { isSameText } from "../core/text.ts";
import type { Ticket, TicketChanges } from "../schemas/ticket.ts";
import { findMessage } from "./find-message.ts";

/**
 * Lists the requested fields that the ticket does not show: `assignee` when the whole field is missing,
 * `requester.name` when only that part is missing. LiveChat documents its call for tags only, so its answer is the
 * only evidence for the other fields.
 */
export function ignoredFields(asked: TicketChanges, ticket: Ticket): string[] {
  return Object.entries(asked).flatMap(([field, value]) => {
    const parts = leaves(field, value);
    const ignored = parts.filter(([path, part]) => !shows(ticket, path, part)).map(([path]) => path);
    return ignored.length === parts.length && parts.length > 0 ? [field] : ignored;
  });
}

/** The given fields by their paths: `requester: { mail }` becomes `requester.mail`. */
function leaves(path: string, value: unknown): [path: string, value: unknown][] {
  if (value === undefined) return [];
  if (value === null || typeof value !== "object" || Array.isArray(value)) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(`${path}.${key}`, inner));
}

function shows(ticket: Ticket, path: string, asked: unknown): boolean {
  if (path === "message") return findMessage(ticket, String(asked)).length > 0;
  if (path === "tag") {
    // HelpDesk ignores case when it looks up a tag, and shows the tag's original spelling.
    const shown: unknown[] = Array.isArray(ticket.tags) ? ticket.tags : [];
    return (asked as string[]).every((tag) => shown.some((one) => isSameText(one, tag)));
  }
  const shown = path
    .split(".")
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], ticket);
  // Addresses and logins ignore case.
  return /\.(mail|id)$/.test(path) ? isSameText(String(shown), String(asked)) : shown === asked;
}
