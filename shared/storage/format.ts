import { StorageUnavailable } from "../core/errors.ts";

/**
 * The version of the layout of all rows that this build writes. Raise it with a change that earlier builds cannot read:
 * see CONTRIBUTING.md, "Change stored rows".
 */
export const FORMAT = 1;

/** The column with the format of a row. Rows of builds before 0.2.0 do not have it. */
export type Formatted = { format?: number };

/** 503: a newer build wrote a row, and this build must not read it. A repetition does not help. */
export class NewerFormat extends StorageUnavailable {
  override readonly retryable = false;
}

/**
 * Returns the row if this build can read it.
 *
 * @param name the name of the row's data in the error, such as `event log`
 * @throws {NewerFormat}
 */
export function checkFormat<Row extends Formatted>(row: Row, name: string): Row {
  const { format = 0 } = row;
  if (format <= FORMAT) return row;
  throw new NewerFormat(
    `The ${name} was written by a newer version of this app (format ${format}; this one reads up to ${FORMAT}). Deploy that version again, or a later one.`,
  );
}
