import type * as v from "valibot";
import type { Operation } from "../http/operation.ts";
import { type ErrorAnswer, failuresOf } from "./failures.ts";
import { type JsonSchema, type Rules, toJsonSchema } from "./json-schema.ts";

/** A parameter or a header, with its schema. */
export type PublishedField = { name: string; required: boolean; schema: JsonSchema };

export type Parameter = PublishedField & { in: "path" | "query" };

/** An operation with the parts that OpenAPI and the connector describe in their own formats. */
export type PublishedOperation = {
  operation: Operation<never>;
  summary: string;
  parameters: Parameter[];
  /** The headers of the successful answer. */
  headers: PublishedField[];
  /** Its errors, by the status that they are answered with. */
  failures: Map<number, ErrorAnswer[]>;
};

type Paths<Rendered> = Record<string, { [method in Lowercase<Operation<never>["method"]>]?: Rendered }>;

/** Builds the `paths` of a definition: each operation, rendered, by its path and method. */
export function toPaths<Rendered>(
  operations: readonly Operation<never>[],
  rules: Rules,
  render: (published: PublishedOperation) => Rendered,
): Paths<Rendered> {
  const paths: Paths<Rendered> = {};
  for (const operation of operations) {
    // In Azure's templates, {*name} stands for the rest of the path.
    const path = `/${operation.route.replace("{*", "{")}`;
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: render(publish(operation, rules)) };
  }
  return paths;
}

function publish(operation: Operation<never>, rules: Rules): PublishedOperation {
  const { input, output } = operation;
  const parametersIn = (place: Parameter["in"]) =>
    toPublishedFields(input[place], rules).map((field) => ({
      ...field,
      in: place,
      // OpenAPI requires every parameter of a path to be required.
      required: field.required || place === "path",
    }));
  return {
    operation,
    summary: operation.summary ?? inWords(operation.id),
    parameters: [...parametersIn("path"), ...parametersIn("query")],
    headers: toPublishedFields(output.headers, rules),
    failures: Map.groupBy(failuresOf(operation), ({ status }) => status),
  };
}

function inWords(id: string): string {
  return id.replace(/(?<=.)[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function toPublishedFields(schema: v.GenericSchema | undefined, rules: Rules): PublishedField[] {
  if (!schema) return [];
  // A parameter or header has no place for a reference: shapes inside it are written out.
  const { properties = {}, required = [] } = toJsonSchema(schema, { ...rules, component: undefined });
  return Object.entries(properties).map(([name, field]) => ({
    name,
    required: required.includes(name),
    schema: field as JsonSchema,
  }));
}
