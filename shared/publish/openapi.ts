import type * as v from "valibot";
import { MAX_JSON_BYTES, type Operation, type Output } from "../http/operation.ts";
import { exampleOf } from "./example.ts";
import { type Failure, failuresOf, MAY_SAY_WHEN } from "./failures.ts";
import { type JsonSchema, toJsonSchema } from "./json-schema.ts";

type Json = Record<string, unknown>;

/** A document of OpenAPI 3.1. */
export type OpenApi = {
  openapi: string;
  info: About;
  servers?: { url: string }[];
  tags: { name: string }[];
  paths: Record<string, Json>;
  components: Json;
};

export type About = {
  title: string;
  version: string;
  description: string;
  license: { name: string; identifier: string };
};

/** Describes operations in OpenAPI 3.1: what they read and answer, how they fail, and which key they ask for. */
export function toOpenApi<Services>(operations: readonly Operation<Services>[], info: About) {
  const components = new Components();
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    const path = `/${operation.route}`;
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describe(operation, components) };
  }
  return {
    openapi: "3.1.0",
    info,
    tags: [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: { ...components.toJSON(), securitySchemes: SECURITY_SCHEMES },
  };
}

const SECURITY_SCHEMES = {
  functionKey: {
    type: "apiKey",
    in: "header",
    name: "x-functions-key",
    description: "A function key of the app, or its host key.",
  },
  functionKeyInQuery: {
    type: "apiKey",
    in: "query",
    name: "code",
    description: "The same, for callers that cannot set a header. A URL is logged in more places.",
  },
  webhookCredentials: {
    type: "http",
    scheme: "basic",
    description:
      "LIVECHAT_WEBHOOK_USERNAME and LIVECHAT_WEBHOOK_PASSWORD: LiveChat sends what its webhook's URL holds.",
  },
};

/** https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ */
const IDEMPOTENCY_KEY: Json = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description:
    "A string of the caller's own, in quotes, for this request and its repetitions: within 24 hours it is done once, and all get the same answer. 409 means that one is under way, 422 that the key belongs to another request.",
  schema: { type: "string", examples: ['"8e03978e-40d5-43e8-bc93-6894a57f9324"'] },
};

function describe<Services>(operation: Operation<Services>, components: Components): Json {
  const { id, summary, description, tag, input, trigger } = operation;
  const parameters = [
    ...parametersIn("path", input.path),
    ...parametersIn("query", input.query),
    ...(operation.repeatable ? [IDEMPOTENCY_KEY] : []),
  ];
  const body = input.body ? { schema: input.body, maxBytes: MAX_JSON_BYTES } : input.delivery;
  return {
    operationId: id,
    summary,
    description,
    tags: [tag],
    security: securityOf(operation),
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: {
        description: `At most ${body.maxBytes / 1024 / 1024} MiB.`,
        required: true,
        content: components.json(body.schema),
      },
    }),
    responses: responsesOf(operation, components),
    ...(trigger && {
      callbacks: {
        event: {
          "{$request.body#/url}": {
            post: {
              description: "Something happened.",
              requestBody: { required: true, content: components.json(trigger.notification) },
              responses: { "2XX": { description: "It is taken." } },
            },
          },
        },
      },
    }),
  };
}

function securityOf<Services>({ access, input }: Operation<Services>): Json[] {
  if (access === "key") return [{ functionKey: [] }, { functionKeyInQuery: [] }];
  return input.delivery ? [{ webhookCredentials: [] }] : [];
}

function parametersIn(place: "path" | "query", schema?: v.GenericSchema): Json[] {
  return fieldsOf(schema).map(({ name, required, field: { description, examples, ...field } }) => ({
    name,
    in: place,
    required,
    description,
    // What a form shows for an optional parameter would be sent with it.
    schema: required ? field : { ...field, ...(examples && { examples }) },
    ...(required && { example: exampleOf({ ...field, examples }) }),
  }));
}

/** The fields of an object's schema. */
export function fieldsOf(schema?: v.GenericSchema): { name: string; required: boolean; field: JsonSchema }[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = toJsonSchema(schema, { component: (_, shape) => shape });
  return Object.entries(properties).map(([name, field]) => ({
    name,
    required: required.includes(name),
    field: field as JsonSchema,
  }));
}

function responsesOf<Services>(operation: Operation<Services>, components: Components): Json {
  const { output, access } = operation;
  const responses: Record<number, Json> = {
    [output.status]: {
      description: output.description,
      ...headersOf(output.headers),
      ...contentOf(output, components),
    },
  };
  if (access === "key") {
    const description = "The function key is missing or wrong: Azure answers this itself, without a body.";
    responses[401] = { description };
  }
  for (const [status, description] of Object.entries(output.otherStatuses ?? {})) {
    responses[Number(status)] = { description, ...contentOf(output, components, { example: false }) };
  }
  const failures = Map.groupBy(failuresOf(operation), ({ status }) => status);
  for (const [status, kinds] of failures) {
    const also = responses[status];
    responses[status] = also ? combine(also, components.failure(kinds)) : components.refer(kinds);
  }
  return responses;
}

function contentOf(
  { schema, type, otherTypes = {} }: Output<v.GenericSchema>,
  components: Components,
  { example = true } = {},
): Json {
  if (schema.type === "undefined") return {};
  const others = Object.entries(otherTypes).map(([other, description]) => [
    other,
    { schema: { type: "string", description } },
  ]);
  return { content: { ...components.json(schema, { type, example }), ...Object.fromEntries(others) } };
}

function headersOf(schema?: v.GenericSchema): Json {
  if (!schema) return {};
  const headers = fieldsOf(schema).map(
    ({ name, required, field: { title, description, examples, ...field } }) => [
      name,
      { description, required, schema: field, example: examples?.[0] },
    ],
  );
  return { headers: Object.fromEntries(headers) };
}

function combine(one: Json, other: Json): Json {
  return {
    ...one,
    ...other,
    description: `${one.description} ${other.description}`,
    content: { ...(one.content as Json), ...(other.content as Json) },
  };
}

/** What several operations share. */
class Components {
  readonly #schemas: Record<string, JsonSchema> = { Problem: PROBLEM };
  readonly #responses: Record<string, Json> = {};

  /** A body of that type. */
  json(schema: v.GenericSchema, { type = "application/json", example = true } = {}): Json {
    const described = toJsonSchema(schema, { component: (name, shape) => this.#share(name, shape) });
    // Beside a reference it would be said twice.
    const { examples: _, ...rest } = described;
    return {
      [type]: { schema: rest, ...(example && { example: exampleOf(described, this.#schemas) }) },
    };
  }

  /** A reference to the answer that these failures of one status share. */
  refer(failures: Failure[]): Json {
    const name = failures.map(({ kind }) => kind).join("_");
    this.#responses[name] ??= this.failure(failures);
    return { $ref: `#/components/responses/${name}` };
  }

  failure(failures: Failure[]): Json {
    const [{ status } = { status: 500 }] = failures;
    const examples = failures.map(({ kind, title, problem }) => [kind, { summary: title, value: problem }]);
    return {
      description: `${failures.map(({ title }) => title).join(". Or: ")}.`,
      ...(MAY_SAY_WHEN.has(status) && { headers: { "Retry-After": RETRY_AFTER } }),
      content: {
        "application/problem+json": {
          schema: { $ref: "#/components/schemas/Problem" },
          examples: Object.fromEntries(examples),
        },
      },
    };
  }

  toJSON(): { schemas: Record<string, JsonSchema>; responses: Record<string, Json> } {
    return { schemas: this.#schemas, responses: this.#responses };
  }

  #share(name: string, shape: JsonSchema): JsonSchema {
    const known = this.#schemas[name];
    if (known && JSON.stringify(known) !== JSON.stringify(shape)) {
      throw new Error(`Two different shapes are named ${name}`);
    }
    this.#schemas[name] = shape;
    return { $ref: `#/components/schemas/${name}` };
  }
}

const RETRY_AFTER = {
  description: "Seconds after which a repetition can help.",
  schema: { type: "integer", minimum: 0 },
};

const PROBLEM: JsonSchema = {
  type: "object",
  description: "What went wrong (RFC 9457).",
  properties: {
    type: { type: "string", format: "uri", description: "The kind of problem, for programs." },
    title: { type: "string", description: "The kind of problem, for people." },
    status: { type: "integer", description: "The status of the answer." },
    detail: { type: "string", description: "What happened this time." },
    errors: {
      type: "array",
      description: "Everything that is wrong with the request.",
      items: {
        type: "object",
        properties: {
          path: { type: "string", description: "Where: names with dots between them." },
          message: { type: "string", description: "What, in a sentence." },
        },
        required: ["path", "message"],
      },
    },
  },
  required: ["type", "title", "status", "detail"],
};
