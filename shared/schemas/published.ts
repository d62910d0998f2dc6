import * as v from "valibot";

/** How Power Automate's designer treats a field, where its type does not say it. */
export type Designer = {
  /** `advanced` is shown on demand, `internal` never: the flow sends the one value that it can have. */
  visibility?: "advanced" | "internal";
  /** The field has to be filled in, though the operation does without it: Microsoft's connector asks for it. */
  required?: true;
  /** The field is chosen from what this operation answers: a list whose items have these two fields. */
  pickFrom?: { operation: string; value: string; title: string };
  /** The field is filled with the address at which the flow waits. */
  notificationUrl?: true;
};

/** What a schema says for the published definitions, since its code cannot be read for it. */
export type Facts = {
  /** What comes out of a transformation, as JSON Schema. */
  jsonSchema?: Record<string, unknown>;
  /**
   * What comes out of a transformation: that option of the union, or 0 for what `nullable` wraps, or the `same` shape as
   * went in.
   */
  comesOut?: number | "same";
  /** One value, as it is sent or answered. */
  example?: unknown;
  /** The name under which the definitions say the shape once. */
  component?: string;
  designer?: Designer;
  minProperties?: number;
};

/** Puts facts for the published definitions into a pipe. */
export function published<Value>(facts: Facts) {
  return v.metadata<Value, Facts>(facts);
}

/** A shape that the definitions say once and refer to by its name, with an example of it. */
export function shape<const Schema extends v.GenericSchema>(
  component: string,
  schema: Schema,
  example: Example<Schema>,
) {
  return v.pipe(schema, published({ component, example }));
}

/** As it is sent, or as it is answered: whichever of the two is published. */
export type Example<Schema extends v.GenericSchema> = Constant<v.InferInput<Schema> | v.InferOutput<Schema>>;

type Constant<Value> = Value extends object ? { readonly [Key in keyof Value]: Constant<Value[Key]> } : Value;
