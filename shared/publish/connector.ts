import type { OpenAPIV2 as V2 } from "openapi-types";
import type * as v from "valibot";
import type { Operation } from "../http/operation.ts";
import { describeFailures } from "./failures.ts";
import { type JsonSchema, type Rules, toJsonSchema } from "./json-schema.ts";
import { type Parameter, type PublishedField, type PublishedOperation, toPaths } from "./paths.ts";
import { HINT_KEY, hintOf, toSwaggerField } from "./swagger-field.ts";

/**
 * Describes the operations that have `connector` or `trigger` for the custom connector: OpenAPI 2.0 with Microsoft's
 * extensions (https://learn.microsoft.com/connectors/custom-connectors/openapi-extensions). The operation ids and
 * parameter keys are those of Microsoft's LiveChat connector.
 */
export function toConnectorPaths(operations: readonly Operation<never>[]) {
  const definitions: V2.DefinitionsObject = {};
  const ours = operations.filter(({ connector, trigger }) => connector || trigger);
  const paths = toPaths(ours, CONNECTOR_RULES, (published) => describeForConnector(published, definitions));
  for (const { id, route, trigger } of ours) {
    if (!trigger) continue;
    // Microsoft's extension describes the body for the callback on the path, not on the operation.
    const schema = refer(trigger.notification, definitions, id);
    const notification = { "x-ms-notification-content": { description: "The event.", schema } };
    paths[`/${route}`] = { ...notification, ...paths[`/${route}`] };
  }
  return { paths, definitions };
}

function describeForConnector(
  { operation, summary, parameters, headers, failures }: PublishedOperation,
  definitions: V2.DefinitionsObject,
) {
  const { id, description, tag, anonymous, input, connector, trigger } = operation;
  return {
    operationId: id,
    summary,
    description,
    tags: [tag],
    ...(connector === "internal" && { "x-ms-visibility": "internal" }),
    ...(trigger && { "x-ms-trigger": "single" }),
    parameters: [
      ...parameters.map((parameter) => toSwaggerParameter(parameter, id)),
      ...(input.body ? [toSwaggerBody(input.body, id)] : []),
    ],
    responses: {
      ...successOf(operation, headers, definitions),
      ...Object.fromEntries(
        [...failures].map(([status, of]) => [status, { description: describeFailures(of) }]),
      ),
      ...(!anonymous && { 401: { description: "The function key is missing or wrong." } }),
    },
  };
}

function toSwaggerParameter({ name, in: place, required, schema }: Parameter, id: string): V2.Parameter {
  const isRequired = required || hintOf(schema).visibility === "internal";
  return {
    name,
    in: place,
    ...toSwaggerField(schema, `${id}.${name}`),
    required: isRequired,
    ...(place === "path" && { "x-ms-url-encoding": "single" }),
    // Microsoft's connector has no optional parameters, so forms show ours only on demand.
    ...(!isRequired && { "x-ms-visibility": "advanced" }),
  };
}

function toSwaggerBody(schema: v.GenericSchema, id: string): V2.InBodyParameterObject {
  return {
    name: "body",
    in: "body",
    required: true,
    "x-ms-summary": "Body",
    description: "The request.",
    schema: toSwaggerField(toJsonSchema(schema, CONNECTOR_RULES), `${id}.body`),
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

/**
 * Refers to a named shape, or to the named shape of a list's items, and adds it to the definitions. Inner shapes are
 * written out.
 */
function refer(schema: v.GenericSchema, definitions: V2.DefinitionsObject, id: string): V2.Schema {
  const named = (shape: JsonSchema & { [NAME_KEY]?: string }): V2.Schema => {
    const name = shape[NAME_KEY];
    const field = toSwaggerField(shape, name ?? id);
    if (name === undefined) return field;
    definitions[name] = field;
    return { $ref: `#/definitions/${name}` };
  };
  const shape = toJsonSchema(schema, CONNECTOR_RULES);
  if (shape.type !== "array") return named(shape);
  const { items, ...list } = shape;
  return { ...toSwaggerField(list, id), items: named(items as JsonSchema) as V2.ItemsObject };
}

/** The keyword that holds the name of a shape until `refer` reads it. */
const NAME_KEY = "x-name";

const CONNECTOR_RULES: Rules = {
  component: (name, shape) => Object.assign({ ...shape }, { [NAME_KEY]: name }),
  designer: (field, hint) => Object.assign({ ...field }, { [HINT_KEY]: hint }),
};
