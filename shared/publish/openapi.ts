import type * as V3 from "openapi3-ts/oas31";
import type * as v from "valibot";
import { MAX_JSON_BYTES, type Operation, type Output } from "../http/operation.ts";
import { EVENT_TYPES } from "../schemas/webhook.ts";
import { PAYLOADS } from "./event-types.ts";
import { exampleOf } from "./example.ts";
import { describeFailures, type ErrorAnswer, RETRY_AFTER_STATUSES } from "./failures.ts";
import { type JsonSchema, type Rules, toJsonSchema } from "./json-schema.ts";
import parts from "./openapi-parts.json" with { type: "json" };
import { type Parameter, type PublishedField, type PublishedOperation, toPaths } from "./paths.ts";

/** A document of OpenAPI 3.1. */
export type OpenApi = V3.OpenAPIObject & Required<Pick<V3.OpenAPIObject, "paths" | "tags" | "components">>;

type About = V3.InfoObject & {
  /** The subject of each tag's operations. */
  tags: Readonly<Record<string, string>>;
};

/**
 * The parts that operations share: security schemes, parameters, the request that delivers an event, headers, and
 * problems (RFC 9457). The reference offers the security schemes in this order.
 */
const SHARED_PARTS = parts as {
  securitySchemes: Record<string, V3.SecuritySchemeObject>;
  parameters: Record<"Idempotency-Key" | "If-None-Match", V3.ParameterObject>;
  delivery: V3.OperationObject;
  headers: Record<"ETag" | "Retry-After", V3.HeaderObject>;
  responses: Record<string, V3.ResponseObject>;
  schemas: Record<string, JsonSchema>;
};

/** Describes operations in OpenAPI 3.1: their requests, answers, errors and keys. */
export function toOpenApi(operations: readonly Operation<never>[], { tags, ...info }: About): OpenApi {
  const components = new Components();
  const used = [...new Set(operations.map(({ tag }) => tag))];
  const paths = toPaths(operations, components.rules, (published) =>
    describeForOpenApi(published, components),
  );
  const webhooks = Object.fromEntries(
    EVENT_TYPES.map((type) => {
      const { payload, description } = PAYLOADS[type];
      return [type, deliveryOf(payload, components, description)];
    }),
  );
  return {
    openapi: "3.1.0",
    info,
    tags: used.map((name) => ({ name, description: tags[name] })),
    paths,
    webhooks,
    components: { ...components.toJSON(), securitySchemes: SHARED_PARTS.securitySchemes },
  };
}

function describeForOpenApi(published: PublishedOperation, components: Components): V3.OperationObject {
  const { id, tag, input, conditional, repeatable, trigger } = published.operation;
  const parameters = [
    ...published.parameters.map(toParameter),
    ...(conditional ? [SHARED_PARTS.parameters["If-None-Match"]] : []),
    ...(repeatable ? [SHARED_PARTS.parameters["Idempotency-Key"]] : []),
  ];
  return {
    operationId: id,
    summary: published.summary,
    description: descriptionOf(published.operation),
    tags: [tag],
    security: securityOf(published.operation),
    ...(parameters.length > 0 && { parameters }),
    ...(input.body && { requestBody: components.requestBodyOf(input.body, MAX_JSON_BYTES) }),
    ...(input.delivery && {
      requestBody: components.requestBodyOf(input.delivery.schema, input.delivery.maxBytes, "input"),
    }),
    responses: responsesOf(published, components),
    ...(trigger && {
      callbacks: { event: { "{$request.body#/url}": deliveryOf(trigger.notification, components) } },
    }),
  };
}

/**
 * The operation's description, with a warning if it changes something: readers of the reference can call every
 * operation.
 */
function descriptionOf({ description, method, writes }: Operation<never>): string {
  if (method === "GET" || writes === "nothing") return description;
  const changed = writes === "LiveChat" ? "your LiveChat account" : "what this app stores";
  return `${description}\n\n**Writes:** changes ${changed}.`;
}

function securityOf({ anonymous, input }: Operation<never>): V3.SecurityRequirementObject[] {
  if (!anonymous) return [{ functionKey: [] }, { functionKeyInQuery: [] }];
  if (!input.delivery) return [];
  return [input.delivery.credentials === "key" ? { webhookKey: [] } : { webhookCredentials: [] }];
}

function toParameter({ name, in: place, required, schema }: Parameter): V3.ParameterObject {
  const { description, examples, ...field } = schema;
  return {
    name,
    in: place,
    required,
    description,
    // The reference's form sends the example of a parameter; an optional parameter has its example in the schema instead.
    schema: toSchemaObject(required ? field : { ...field, ...(examples && { examples }) }),
    ...(required && { example: exampleOf({ ...field, examples }) }),
  };
}

/** The request to a subscription's callback in the format `payload` (https://www.standardwebhooks.com). */
function deliveryOf(
  notification: v.GenericSchema,
  components: Components,
  description = "This app sends an event to the subscription's URL.",
): V3.PathItemObject {
  const { summary, security, parameters, responses } = SHARED_PARTS.delivery;
  const requestBody = { required: true, content: components.contentOf(notification) };
  return { post: { summary, description, security, parameters, requestBody, responses } };
}

function responsesOf(published: PublishedOperation, components: Components): V3.ResponsesObject {
  const { output, anonymous, conditional } = published.operation;
  const headers = {
    ...Object.fromEntries(published.headers.map((header) => [header.name, toHeader(header)])),
    ...(conditional && { ETag: SHARED_PARTS.headers.ETag }),
  };
  const responses: Record<string, V3.ResponseObject | V3.ReferenceObject> = {
    [output.status]: {
      description: output.description,
      ...(Object.keys(headers).length > 0 && { headers }),
      ...components.answerContentOf(output),
    },
  };
  if (conditional) {
    responses[304] = {
      description: "The answer has not changed since the version in If-None-Match.",
      headers: { ETag: SHARED_PARTS.headers.ETag },
    };
  }
  if (!anonymous) responses[401] = { $ref: "#/components/responses/key-refused" };
  for (const [status, description] of Object.entries(output.otherStatuses ?? {})) {
    responses[status] = { description, ...components.answerContentOf(output, { example: false }) };
  }
  for (const [status, failures] of published.failures)
    responses[status] = components.referToFailures(failures);
  return responses;
}

function toHeader({ required, schema }: PublishedField): V3.HeaderObject {
  const { title, description, examples, ...field } = schema;
  return {
    description,
    required,
    schema: toSchemaObject(field),
    ...(examples && { example: examples[0] }),
  };
}

/** OpenAPI 3.1's schemas are JSON Schema 2020-12; its types are narrower than the converter's. */
function toSchemaObject(schema: JsonSchema): V3.SchemaObject {
  return schema as V3.SchemaObject;
}

/** The media type of a body, whether it gets an example, and which values its schema shows. */
type BodyOptions = { type?: string; example?: boolean } & Pick<Rules, "shows">;

/** Schemas and answers that several operations share. */
class Components {
  readonly #schemas = { ...SHARED_PARTS.schemas };
  readonly #responses = { ...SHARED_PARTS.responses };
  readonly rules: Rules = { component: (name, shape) => this.#share(name, shape) };

  /** The content of a body: its schema and an example, under its media type. */
  contentOf(
    schema: v.GenericSchema,
    { type = "application/json", example = true, shows }: BodyOptions = {},
  ): Record<string, V3.MediaTypeObject> {
    const described = toJsonSchema(schema, { ...this.rules, shows });
    // OpenAPI has the example beside the schema.
    const { examples: _, ...rest } = described;
    return {
      [type]: {
        schema: toSchemaObject(rest),
        ...(example && { example: exampleOf(described, this.#schemas) }),
      },
    };
  }

  requestBodyOf(schema: v.GenericSchema, maxBytes: number, shows?: Rules["shows"]): V3.RequestBodyObject {
    return {
      description: `At most ${maxBytes / 1024 / 1024} MiB.`,
      required: true,
      content: this.contentOf(schema, { shows }),
    };
  }

  answerContentOf(
    { schema, type, otherTypes = {} }: Output<v.GenericSchema>,
    { example = true } = {},
  ): Pick<V3.ResponseObject, "content"> {
    if (schema.type === "undefined") return {};
    const others = Object.entries(otherTypes).map(([other, description]) => [
      other,
      { schema: { type: "string", description } },
    ]);
    return { content: { ...this.contentOf(schema, { type, example }), ...Object.fromEntries(others) } };
  }

  /** A reference to the answer for the failures of one status. */
  referToFailures(failures: ErrorAnswer[]): V3.ReferenceObject {
    const [{ status } = { status: 500 }] = failures;
    const examples = failures.map(({ kind, title, problem }) => [kind, { summary: title, value: problem }]);
    const schema = { $ref: "#/components/schemas/Problem" };
    const name = failures.map(({ kind }) => kind).join("_");
    this.#responses[name] ??= {
      description: describeFailures(failures),
      ...(RETRY_AFTER_STATUSES.has(status) && {
        headers: { "Retry-After": SHARED_PARTS.headers["Retry-After"] },
      }),
      content: { "application/problem+json": { schema, examples: Object.fromEntries(examples) } },
    };
    return { $ref: `#/components/responses/${name}` };
  }

  toJSON(): Pick<V3.ComponentsObject, "schemas" | "responses"> {
    return { schemas: this.#schemas as Record<string, V3.SchemaObject>, responses: this.#responses };
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
