import * as v from "valibot";
import { InvalidInput } from "../../core/errors.ts";
import { fromCursor, toCursor } from "../../core/json.ts";
import { ALL_TICKETS } from "./ticket-row.ts";

/**
 * The position of a reading of the stored tickets. A ticket that changes during the reading moves up into the part that
 * was already read. So at the end the reading starts again with the tickets that changed since its start, until there
 * are none.
 */
export type TicketCursor = {
  /** Only rows whose change number is higher than this one; 0 at first. */
  since: number;
  /** The store's last change number when this pass over the rows began. */
  began: number;
  /** Key of the last row that was read. */
  at?: string;
};

const ticketRowKey = v.pipe(v.string(), v.startsWith(ALL_TICKETS.from), v.maxLength(100));
const cursorSchema = v.tuple([v.number(), v.number(), v.nullish(ticketRowKey)]);

export function encodeTicketCursor({ at, since, began }: TicketCursor): string {
  return toCursor([since, began, at]);
}

/** @throws InvalidInput when {@link encodeTicketCursor} did not make it */
export function decodeTicketCursor(text: string): TicketCursor {
  const values = fromCursor(text, cursorSchema);
  if (values) return { since: values[0], began: values[1], at: values[2] ?? undefined };
  throw InvalidInput.at("cursor", "cursor must be the next of an earlier page, unchanged.");
}
