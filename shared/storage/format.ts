import { StorageUnavailable } from "../core/errors.ts";

/**
 * The version of the layout of all rows that this build writes. It goes up with a change that builds before it cannot
 * read; CONTRIBUTING.md says when.
 */
export const FORMAT = 1;

/** The column with the format of a row; rows of builds before 0.2.0 lack it. */
export type Formatted = { format?: number };

/** 503: a newer build wrote a row that this build must not read. A repetition does not help. */
export class NewerFormat extends StorageUnavailable {
  override readonly retryable = false;
}

/**
 * Gives back the row if this build can read it.
 *
 * @param name of the data that the row belongs to, for the operator: `event log`
 * @throws {NewerFormat}
 */
export function checkFormat<Row extends Formatted>(row: Row, name: string): Row {
  const { format = 0 } = row;
  if (format <= FORMAT) return row;
  throw new NewerFormat(
    `The ${name} was written by a newer version of this app (format ${format}; this one reads up to ${FORMAT}). Deploy that version again, or a later one.`,
  );
}
