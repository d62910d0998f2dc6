import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

/** A schema in the document, or a reference to one. */
type Schema = { $ref?: string; [keyword: string]: unknown };

export type Parameter = {
  name: string;
  in: "path" | "query" | "header";
  required: boolean;
  description: string;
  schema: Schema & { examples?: unknown[] };
  example?: unknown;
};
type Content = Record<
  string,
  { schema: Schema; example?: unknown; examples?: Record<string, { value: unknown }> }
>;
type Response = {
  $ref?: string;
  description: string;
  headers?: Record<string, { description: string; required?: boolean; schema: Schema; example?: unknown }>;
  content?: Content;
};
export type Described = {
  operationId: string;
  summary: string;
  description: string;
  tags: string[];
  security: Record<string, string[]>[];
  parameters?: Parameter[];
  requestBody?: { required: boolean; content: Content };
  responses: Record<string, Response>;
  callbacks?: { event: Record<string, Record<string, Described>> };
};
export type Document = {
  openapi: string;
  servers: { url: string }[];
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Described>>;
  webhooks: Record<string, Record<string, Described>>;
  components: {
    schemas: Record<string, Schema>;
    responses: Record<string, Response>;
    securitySchemes: Record<string, { type: string; in?: string }>;
  };
};

/** The operations of a document, each with its method and path. */
export function operationsIn({ paths }: Document): (Described & { method: string; path: string })[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
  );
}

/** The answer of a status; a reference is resolved. */
export function responseOf(
  document: Document,
  { responses }: Described,
  status: number,
): Response | undefined {
  const response = responses[status];
  return response?.$ref ? document.components.responses[response.$ref.split("/").at(-1) ?? ""] : response;
}

/** Makes a function that validates a value by a schema of the document (JSON Schema 2020-12), and returns the errors. */
export function checker(document: Document): (schema: Schema, value: unknown) => ErrorObject[] {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema({ $id: "https://app.example/openapi.json", ...document });
  const compiled = new Map<Schema, ReturnType<typeof ajv.compile>>();
  return (schema, value) => {
    let validate = compiled.get(schema);
    if (!validate) {
      validate = ajv.compile(
        JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"https://app.example/openapi.json#/')),
      );
      compiled.set(schema, validate);
    }
    return validate(value) ? [] : (validate.errors ?? []);
  };
}

/** A value to try a parameter with: its example, first choice or default; for a boolean, the opposite of its default. */
export function sampleOf({ example, schema }: Parameter): unknown {
  const { examples, enum: words, const: only, default: fallback, type } = schema as Record<string, unknown>;
  if (type === "boolean") return !fallback;
  return (
    example ??
    (examples as unknown[] | undefined)?.[0] ??
    only ??
    (words as unknown[] | undefined)?.[0] ??
    fallback
  );
}
