import type * as V3 from "openapi3-ts/oas31";
import type * as v from "valibot";
import { MAX_JSON_BYTES, type Operation, type Output } from "../http/operation.ts";
import { EVENT_TYPES } from "../schemas/webhook.ts";
import { PAYLOADS } from "./event-types.ts";
import { exampleOf } from "./example.ts";
import { describeFailures, type ErrorAnswer, MAY_SAY_WHEN } from "./failures.ts";
import { type JsonSchema, type Rules, toJsonSchema } from "./json-schema.ts";
import { type Parameter, type PublishedField, toPaths, type VisitedOperation } from "./walk.ts";

/** A document of OpenAPI 3.1. */
export type OpenApi = V3.OpenAPIObject & Required<Pick<V3.OpenAPIObject, "paths" | "tags" | "components">>;

export type About = V3.InfoObject & {
  /** What the operations of each tag are about. */
  tags: Readonly<Record<string, string>>;
};

/** Describes operations in OpenAPI 3.1: their requests, answers, errors and keys. */
export function toOpenApi(operations: readonly Operation<never>[], { tags, ...info }: About): OpenApi {
  const components = new Components();
  const used = [...new Set(operations.map(({ tag }) => tag))];
  const paths = toPaths(operations, components.rules, (visited) => describeForOpenApi(visited, components));
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
    components: { ...components.toJSON(), securitySchemes: SECURITY_SCHEMES },
  };
}

/** The reference offers the first key first: a header is safer than a URL. */
const SECURITY_SCHEMES: Record<string, V3.SecuritySchemeObject> = {
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
    description:
      "The same key in the URL, for callers that cannot set a header. Proxies and browsers log URLs.",
  },
  webhookCredentials: {
    type: "http",
    scheme: "basic",
    description:
      "LIVECHAT_WEBHOOK_USERNAME and LIVECHAT_WEBHOOK_PASSWORD. LiveChat takes them from the registered URL.",
  },
  webhookKey: {
    type: "apiKey",
    in: "query",
    name: "key",
    description: "LIVECHAT_WEBHOOK_PASSWORD. LiveChat calls the registered URL, which has it.",
  },
  webhookSignature: {
    type: "apiKey",
    in: "header",
    name: "webhook-signature",
    description:
      "Only for callbacks: this app signs each delivery with the subscription's secret (standardwebhooks.com).",
  },
};

/** https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ */
const IDEMPOTENCY_KEY: V3.ParameterObject = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description:
    "A string that the caller makes up for this request and its retries, in quotes. Within 24 hours the operation runs once, and every retry gets the first answer. 409: the first request is still running. 422: the key was used for another request.",
  schema: { type: "string", examples: ['"8e03978e-40d5-43e8-bc93-6894a57f9324"'] },
};

/** https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2 */
const IF_NONE_MATCH: V3.ParameterObject = {
  name: "If-None-Match",
  in: "header",
  required: false,
  description: "The ETag of an earlier answer: the answer is 304, without a body, while nothing has changed.",
  schema: { type: "string", examples: ['W/"4vY1q0gDkHnMfT1mJd5p2A"'] },
};
const ETAG: V3.HeaderObject = {
  description: "Names this state of the answer, for If-None-Match.",
  required: true,
  schema: { type: "string" },
};

function describeForOpenApi(visited: VisitedOperation, components: Components): V3.OperationObject {
  const { id, summary, tag, input, conditional, repeatable, trigger } = visited.operation;
  const parameters = [
    ...visited.parameters.map(toParameter),
    ...(conditional ? [IF_NONE_MATCH] : []),
    ...(repeatable ? [IDEMPOTENCY_KEY] : []),
  ];
  return {
    operationId: id,
    summary,
    description: descriptionOf(visited.operation),
    tags: [tag],
    security: securityOf(visited.operation),
    ...(parameters.length > 0 && { parameters }),
    ...(input.body && { requestBody: components.request(input.body, MAX_JSON_BYTES) }),
    ...(input.delivery && {
      requestBody: components.request(input.delivery.schema, input.delivery.maxBytes, "input"),
    }),
    responses: responsesOf(visited, components),
    ...(trigger && {
      callbacks: { event: { "{$request.body#/url}": deliveryOf(trigger.notification, components) } },
    }),
  };
}

/** Readers of the reference can call every operation, so it warns of those that change something. */
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
    // The reference's form sends the example of a parameter, so an optional one has it in its schema.
    schema: toSchemaObject(required ? field : { ...field, ...(examples && { examples }) }),
    ...(required && { example: exampleOf({ ...field, examples }) }),
  };
}

/** What a subscription's callback receives in the format `payload`: https://www.standardwebhooks.com. */
function deliveryOf(
  notification: v.GenericSchema,
  components: Components,
  description = "This app sends an event to the subscription's URL.",
): V3.PathItemObject {
  const header = (name: string, description: string, example: string): V3.ParameterObject => ({
    name,
    in: "header",
    required: true,
    description,
    schema: { type: "string" },
    example,
  });
  return {
    post: {
      summary: "Deliver an event",
      description,
      security: [{ webhookSignature: [] }],
      parameters: [
        header("webhook-id", "The event's id.", "bd36a7bd6064d42bd3e4612923c8b412"),
        header("webhook-timestamp", "When it was sent, in epoch seconds.", "1768470068"),
      ],
      requestBody: { required: true, content: components.json(notification) },
      responses: {
        "2XX": { description: "The event is delivered." },
        "4XX": { description: "The delivery failed and is tried again later." },
      },
    },
  };
}

function responsesOf(visited: VisitedOperation, components: Components): V3.ResponsesObject {
  const { output, anonymous, conditional } = visited.operation;
  const headers = {
    ...Object.fromEntries(visited.headers.map((header) => [header.name, toHeader(header)])),
    ...(conditional && { ETag: ETAG }),
  };
  const responses: Record<string, V3.ResponseObject | V3.ReferenceObject> = {
    [output.status]: {
      description: output.description,
      ...(Object.keys(headers).length > 0 && { headers }),
      ...components.content(output),
    },
  };
  if (conditional) {
    responses[304] = {
      description: "Nothing has changed since the answer of If-None-Match.",
      headers: { ETag: ETAG },
    };
  }
  if (!anonymous) responses[401] = components.keyRefused();
  for (const [status, description] of Object.entries(output.otherStatuses ?? {})) {
    responses[status] = { description, ...components.content(output, { example: false }) };
  }
  for (const [status, failures] of visited.failures) responses[status] = components.failures(failures);
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

/** What several operations share. */
class Components {
  readonly #schemas: Record<string, JsonSchema> = { Problem: PROBLEM };
  readonly #responses: Record<string, V3.ResponseObject> = {};
  readonly rules: Rules = { component: (name, shape) => this.#share(name, shape) };

  /** A body of a media type. */
  json(
    schema: v.GenericSchema,
    {
      type = "application/json",
      example = true,
      shows,
    }: { type?: string; example?: boolean; shows?: Rules["shows"] } = {},
  ): Record<string, V3.MediaTypeObject> {
    const described = toJsonSchema(schema, { ...this.rules, shows });
    // The example stands beside the schema.
    const { examples: _, ...rest } = described;
    return {
      [type]: {
        schema: toSchemaObject(rest),
        ...(example && { example: exampleOf(described, this.#schemas) }),
      },
    };
  }

  request(schema: v.GenericSchema, maxBytes: number, shows?: Rules["shows"]): V3.RequestBodyObject {
    return {
      description: `At most ${maxBytes / 1024 / 1024} MiB.`,
      required: true,
      content: this.json(schema, { shows }),
    };
  }

  content(
    { schema, type, otherTypes = {} }: Output<v.GenericSchema>,
    { example = true } = {},
  ): Pick<V3.ResponseObject, "content"> {
    if (schema.type === "undefined") return {};
    const others = Object.entries(otherTypes).map(([other, description]) => [
      other,
      { schema: { type: "string", description } },
    ]);
    return { content: { ...this.json(schema, { type, example }), ...Object.fromEntries(others) } };
  }

  /** A reference to the answer that these failures of one status share. */
  failures(failures: ErrorAnswer[]): V3.ReferenceObject {
    const [{ status } = { status: 500 }] = failures;
    const examples = failures.map(({ kind, title, problem }) => [kind, { summary: title, value: problem }]);
    return this.#refer(failures.map(({ kind }) => kind).join("_"), {
      description: describeFailures(failures),
      ...(MAY_SAY_WHEN.has(status) && { headers: { "Retry-After": RETRY_AFTER } }),
      content: {
        "application/problem+json": { schema: PROBLEM_REF, examples: Object.fromEntries(examples) },
      },
    });
  }

  keyRefused(): V3.ReferenceObject {
    return this.#refer("key-refused", {
      description:
        "The function key is missing or wrong. Azure answers this itself, and may leave the body out.",
      content: { "application/problem+json": { schema: PROBLEM_REF } },
    });
  }

  toJSON(): Pick<V3.ComponentsObject, "schemas" | "responses"> {
    const schemas = Object.entries(this.#schemas).map(([name, schema]) => [name, toSchemaObject(schema)]);
    return { schemas: Object.fromEntries(schemas), responses: this.#responses };
  }

  #refer(name: string, response: V3.ResponseObject): V3.ReferenceObject {
    this.#responses[name] ??= response;
    return { $ref: `#/components/responses/${name}` };
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

const PROBLEM_REF: V3.ReferenceObject = { $ref: "#/components/schemas/Problem" };

const RETRY_AFTER: V3.HeaderObject = {
  description: "Seconds to wait before a retry.",
  schema: { type: "integer", minimum: 0 },
};

const PROBLEM: JsonSchema = {
  type: "object",
  description: "An error (RFC 9457).",
  properties: {
    type: { type: "string", format: "uri", description: "The kind of error, for programs." },
    title: { type: "string", description: "The kind of error, for people." },
    status: { type: "integer", description: "The HTTP status." },
    detail: { type: "string", description: "What went wrong this time." },
    errors: {
      type: "array",
      description: "All problems of the request.",
      items: {
        type: "object",
        properties: {
          path: { type: "string", description: "The field or parameter, with dots between names." },
          message: { type: "string", description: "The problem, in a sentence." },
        },
        required: ["path", "message"],
      },
    },
  },
  required: ["type", "title", "status", "detail"],
};
