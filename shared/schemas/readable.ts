import * as v from "valibot";

/** A list without its unreadable items: one odd item must not hide the others. */
export function readable<const Schema extends v.GenericSchema>(item: Schema) {
  return v.pipe(
    v.array(v.unknown()),
    v.transform((items) =>
      items.flatMap((value): v.InferOutput<Schema>[] => {
        const read = v.safeParse(item, value);
        return read.success ? [read.output] : [];
      }),
    ),
  );
}
