import type { ComponentChildren } from "preact";
import { BASE } from "../api.ts";

/**
 * Makes the address of a page, with its filters. Filters never contain a person's email: a search for a person is a
 * POST.
 */
export function linkTo(page: string, filters: Record<string, string | number | undefined> = {}): string {
  const query = new URLSearchParams(
    Object.entries(filters).flatMap(([name, value]) =>
      value === undefined || value === "" ? [] : [[name, String(value)]],
    ),
  );
  return `${BASE}${page}${query.size > 0 ? `?${query}` : ""}`;
}

type IdLink = { id: string | undefined; children?: ComponentChildren };

export const EventLink = ({ id, children }: IdLink) =>
  id ? <a href={linkTo(`/events/${encodeURIComponent(id)}`)}>{children ?? id}</a> : null;

export const ChatLink = ({ id, children }: IdLink) =>
  id ? <a href={linkTo(`/chats/${encodeURIComponent(id)}`)}>{children ?? id}</a> : null;

export const TicketLink = ({ id, children }: IdLink) =>
  id ? <a href={linkTo(`/tickets/${encodeURIComponent(id)}`)}>{children ?? id}</a> : null;
