import { type Person, toPerson } from "./person.ts";

/** How many people's hashes a row is stored with. */
const MOST_HASHES = 10;
/** Stands for more of them: only the body tells. */
const MANY = "many";

/**
 * The column `people` of a row whose body names people: what finds them, and says nothing to a reader of the table. A
 * row without it was stored by a version that kept less.
 *
 * @param people addresses, as `peopleIn` gives them
 */
export function toPeopleColumn(people: readonly string[] = []): string {
  return people.length > MOST_HASHES ? MANY : people.map((email) => toPerson(email).key).join(" ");
}

/** Whether a row's body names a person, by the column; `undefined` when only the body tells. */
export function namesPerson(column: string | undefined, { key }: Person): boolean | undefined {
  return column === undefined || column === MANY ? undefined : column.includes(key);
}
