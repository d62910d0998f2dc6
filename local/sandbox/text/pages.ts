import { TextRefusal } from "./refusal.ts";

type Paged = { sort_order?: "asc" | "desc"; limit?: number; page_id?: string };

/**
 * A page of a list, as LiveChat pages: a `page_id` contains the query and is sent alone. The list is made again for each
 * page, so changes between two pages shift it.
 */
export function pageOf<Item, Query extends Paged>(
  input: Query & Record<string, unknown>,
  list: (query: Query) => Item[],
): { items: Item[]; found: number; next_page_id?: string; previous_page_id?: string } {
  if (input.page_id !== undefined && Object.keys(input).length > 1)
    throw new TextRefusal("validation", "page_id: cannot be used with other parameters");
  const { query, from } = input.page_id === undefined ? { query: input, from: 0 } : decode(input.page_id);
  const { limit = 10 } = query as Query;
  const all = list(query as Query);
  const page = (start: number) => Buffer.from(JSON.stringify({ query, from: start })).toString("base64url");
  return {
    items: all.slice(from, from + limit),
    found: all.length,
    ...(from + limit < all.length && { next_page_id: page(from + limit) }),
    ...(from > 0 && { previous_page_id: page(Math.max(0, from - limit)) }),
  };
}

function decode(id: string): { query: Paged; from: number } {
  try {
    return JSON.parse(Buffer.from(id, "base64url").toString());
  } catch {
    throw new TextRefusal("validation", "page_id: is not known");
  }
}
