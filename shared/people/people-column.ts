import { type Person, toPerson } from "./person.ts";

/** The largest number of hashes in the column. */
const MAX_HASHES = 10;
/** The column's value for more people. Only the body names them. */
const MANY_PEOPLE = "many";

/**
 * The column `people` of a row whose body names people. It has hashes, so a search can find the people without
 * showing them to a reader of the table. A row without the column was stored by an older version.
 *
 * @param people addresses, as `peopleIn` returns them
 */
export function toPeopleColumn(people: readonly string[] = []): string {
  return people.length > MAX_HASHES ? MANY_PEOPLE : people.map((email) => toPerson(email).key).join(" ");
}

/** Tells from the column whether the row's body names a person. Returns `undefined` if only the body can tell. */
export function namesPerson(column: string | undefined, { key }: Person): boolean | undefined {
  return column === undefined || column === MANY_PEOPLE ? undefined : column.includes(key);
}
