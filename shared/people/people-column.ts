import { type Person, toPerson } from "./person.ts";

/** The largest number of people whose hashes a row has. */
const MOST_HASHES = 10;
/** The column's value for more people: only the body names them. */
const MANY = "many";

/**
 * The column `people` of a row whose body names people. It has hashes, so a search can find the people without
 * showing them to a reader of the table. A row without the column was stored by an older version.
 *
 * @param people addresses, as `peopleIn` returns them
 */
export function toPeopleColumn(people: readonly string[] = []): string {
  return people.length > MOST_HASHES ? MANY : people.map((email) => toPerson(email).key).join(" ");
}

/** Whether the column says that a row's body names a person; `undefined` when only the body shows it. */
export function namesPerson(column: string | undefined, { key }: Person): boolean | undefined {
  return column === undefined || column === MANY ? undefined : column.includes(key);
}
