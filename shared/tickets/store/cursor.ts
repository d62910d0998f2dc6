import * as v from "valibot";
import { InvalidInput } from "../../core/errors.ts";
import { fromCursor, toCursor } from "../../core/json.ts";
import { ALL_TICKETS } from "./ticket-row.ts";

/**
 * Where a reading of the stored tickets stands. Tickets that change while they are read move up, out of its sight: so
 * at its end it reads again the tickets that have changed since it began, until none has.
 */
export type TicketCursor = {
  /** Only rows of changes after this one; 0 at first. */
  since: number;
  /** The store's last change when this passage over the rows began. */
  began: number;
  /** Key of the row it has come to, that row included. */
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
  const message = "must be next of a page before, as it was given";
  throw new InvalidInput("The cursor is not valid.", { problems: [{ path: "cursor", message }] });
}
