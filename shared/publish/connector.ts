import type { OpenAPIV2 as V2 } from "openapi-types";
import type * as v from "valibot";
import type { Operation } from "../http/operation.ts";
import { type JsonSchema, type Rules, toJsonSchema } from "./json-schema.ts";
import { HINT, hintOf, toSwaggerField } from "./swagger-field.ts";
import { type Parameter, type PublishedField, toPaths, type VisitedOperation } from "./walk.ts";

export type ConnectorOptions = {
  version: string;
  /** Where the app is, without scheme; a connection can say otherwise. */
  host: string;
  /** The prefix of all routes, with a slash before it. */
  basePath: string;
  /** Whom users of the connector turn to. */
  contact: Required<V2.ContactObject>;
};

/** Microsoft's extensions, at the root, of a path and of an operation. */
type Definition = V2.Document<{ [extension: `x-ms-${string}`]: unknown }> & {
  [extension: `x-ms-${string}`]: unknown;
};

/**
 * The definition of the custom connector: OpenAPI 2.0 with Microsoft's extensions
 * (https://learn.microsoft.com/connectors/custom-connectors/openapi-extensions). It contains the operations with
 * `connector` or `trigger`, under the ids and parameter keys of Microsoft's LiveChat connector.
 */
export function toConnectorDefinition(
  operations: readonly Operation<never>[],
  { version, host, basePath, contact }: ConnectorOptions,
): Definition {
  const definitions: V2.DefinitionsObject = {};
  const ours = operations.filter(({ connector, trigger }) => connector || trigger);
  const paths = toPaths(ours, RULES, (visited) => describeForConnector(visited, definitions));
  const notifications = ours.flatMap(({ id, route, trigger }) =>
    trigger ? [[`/${route}`, notificationOf(trigger.notification, definitions, id)] as const] : [],
  );
  for (const [path, notification] of notifications) paths[path] = { ...notification, ...paths[path] };
  return {
    swagger: "2.0",
    info: {
      title: "LiveChat Functions",
      description:
        "Manages the agents and tickets of a LiveChat account and triggers flows on its chats and tickets, through an app that you host yourself.",
      version,
      contact,
    },
    host,
    basePath,
    schemes: ["https"],
    consumes: ["application/json"],
    produces: ["application/json"],
    paths,
    definitions,
    securityDefinitions: { api_key: { type: "apiKey", in: "header", name: "x-functions-key" } },
    security: [{ api_key: [] }],
    "x-ms-connector-metadata": [
      { propertyName: "Website", propertyValue: "https://www.livechat.com/" },
      { propertyName: "Privacy policy", propertyValue: "https://www.livechat.com/legal/privacy-policy/" },
      { propertyName: "Categories", propertyValue: "Communication;Sales and CRM" },
    ],
  };
}

/** The body that a trigger's callback receives; it stands on the path item, not on the operation. */
function notificationOf(schema: v.GenericSchema, definitions: V2.DefinitionsObject, id: string) {
  return {
    "x-ms-notification-content": {
      description: "The event.",
      schema: refer(schema, definitions, id),
    },
  };
}

function describeForConnector(
  { operation, parameters, headers, failures }: VisitedOperation,
  definitions: V2.DefinitionsObject,
) {
  const { id, summary, description, tag, input, connector, trigger } = operation;
  return {
    operationId: id,
    summary,
    description,
    tags: [tag],
    ...(connector === "internal" && { "x-ms-visibility": "internal" }),
    ...(trigger && { "x-ms-trigger": "single" }),
    parameters: [
      ...parameters.map((parameter) => toParameter(parameter, id)),
      ...(input.body ? [toBody(input.body, id)] : []),
    ],
    responses: { ...successOf(operation, headers, definitions), ...failuresIn(operation, failures) },
  };
}

function toParameter({ name, in: place, required, schema }: Parameter, id: string): V2.Parameter {
  const isRequired = required || hintOf(schema).visibility === "internal";
  return {
    name,
    in: place,
    ...toSwaggerField(schema, `${id}.${name}`),
    required: isRequired,
    ...(place === "path" && { "x-ms-url-encoding": "single" }),
    // Microsoft's connector has no optional parameters, so a form shows ours only on demand.
    ...(!isRequired && { "x-ms-visibility": "advanced" }),
  };
}

function toBody(schema: v.GenericSchema, id: string): V2.InBodyParameterObject {
  return {
    name: "body",
    in: "body",
    required: true,
    "x-ms-summary": "Body",
    description: "The request.",
    schema: toSwaggerField(toJsonSchema(schema, RULES), `${id}.body`),
  };
}

function successOf(
  { id, output }: Operation<never>,
  headers: PublishedField[],
  definitions: V2.DefinitionsObject,
): V2.ResponsesObject {
  const hasBody = output.schema.type !== "undefined";
  return {
    [output.status]: {
      description: output.description,
      ...(hasBody && { schema: refer(output.schema, definitions, id) }),
      ...(headers.length > 0 && {
        headers: Object.fromEntries(
          headers.map(({ name, schema }) => [name, toSwaggerField(schema, `${id}.${name}`)]),
        ),
      }),
    },
  };
}

function failuresIn(
  { anonymous }: Operation<never>,
  failures: VisitedOperation["failures"],
): V2.ResponsesObject {
  const described = [...failures].map(([status, kinds]) => [
    status,
    { description: `${kinds.map(({ title }) => title).join(". Or: ")}.` },
  ]);
  return {
    ...Object.fromEntries(described),
    ...(!anonymous && { 401: { description: "The function key is missing or wrong." } }),
  };
}

/** A named shape goes to the definitions, by itself or as the items of a list. Inside other shapes it is repeated. */
function refer(schema: v.GenericSchema, definitions: V2.DefinitionsObject, id: string): V2.Schema {
  const named = (shape: JsonSchema & { [NAME]?: string }): V2.Schema => {
    const name = shape[NAME];
    const field = toSwaggerField(shape, name ?? id);
    if (name === undefined) return field;
    definitions[name] = field;
    return { $ref: `#/definitions/${name}` };
  };
  const shape = toJsonSchema(schema, RULES);
  if (shape.type !== "array") return named(shape);
  const { items, ...list } = shape;
  return { ...toSwaggerField(list, id), items: named(items as JsonSchema) as V2.ItemsObject };
}

/** Where the name of a shape stands. */
const NAME = "x-name";

const RULES: Rules = {
  component: (name, shape) => Object.assign({ ...shape }, { [NAME]: name }),
  designer: (field, hint) => Object.assign({ ...field }, { [HINT]: hint }),
};
