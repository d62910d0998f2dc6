export type Fields = { [name: string]: string | string[] | { [name: string]: string } };

const NAME = /^([^[\]]+)(?:\[([^[\]]*)\])?$/;

/**
 * Reads a query or a form as LiveChat's PHP does: `requester[mail]=a` is a field of an object, `tag[]=a` and `tag[0]=a`
 * are items of a list. Of two plain values with the same name, the last one counts. Parameters have at most one level
 * of brackets.
 */
export function readForm(text: string): Fields {
  // Without a prototype, because a parameter may be called `__proto__`.
  const fields: Fields = Object.create(null);
  for (const [name, value] of new URLSearchParams(text)) {
    const [, outer, inner] = NAME.exec(name) ?? [];
    if (outer === undefined) continue;
    const known = fields[outer];
    if (inner === undefined) fields[outer] = value;
    else if (/^\d*$/.test(inner)) fields[outer] = [...(Array.isArray(known) ? known : []), value];
    else if (typeof known === "object" && !Array.isArray(known)) known[inner] = value;
    else fields[outer] = Object.assign(Object.create(null), { [inner]: value });
  }
  return fields;
}
