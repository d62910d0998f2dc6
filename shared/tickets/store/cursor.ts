import * as v from "valibot";
import { InvalidInput } from "../../core/errors.ts";
import { ALL_TICKETS } from "./ticket-row.ts";

/**
 * Where a reading of the stored tickets stands. Tickets that change while they are read move up, out of its sight: so
 * at its end it reads again the tickets that have changed since it began, until none has.
 */
const cursorSchema = v.object({
  /** Key of the row it has come to, that row included. */
  at: v.optional(v.pipe(v.string(), v.startsWith(ALL_TICKETS.from), v.maxLength(100))),
  /** Only rows of changes after this one; 0 at first. */
  since: v.number(),
  /** The store's last change when this passage over the rows began. */
  began: v.number(),
});
export type TicketCursor = v.InferOutput<typeof cursorSchema>;

export function encodeTicketCursor({ at, since, began }: TicketCursor): string {
  return Buffer.from(JSON.stringify([since, began, at])).toString("base64url");
}

/** @throws InvalidInput when {@link encodeTicketCursor} did not make it */
export function decodeTicketCursor(text: string): TicketCursor {
  try {
    const [since, began, at] = JSON.parse(Buffer.from(text, "base64url").toString());
    return v.parse(cursorSchema, { since, began, at: at ?? undefined });
  } catch (cause) {
    const message = "must be next of a page before, as it was given";
    throw new InvalidInput("The cursor is not valid.", { cause, problems: [{ path: "cursor", message }] });
  }
}
