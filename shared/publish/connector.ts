import type * as v from "valibot";
import type { Operation } from "../http/operation.ts";
import { failuresOf } from "./failures.ts";
import { type JsonSchema, toJsonSchema } from "./json-schema.ts";
import { HINT, hintOf, type SwaggerField, toSwaggerField } from "./swagger-field.ts";

type Json = Record<string, unknown>;

export type ConnectorOptions = {
  version: string;
  /** The prefix of all routes, with a slash before it. */
  basePath: string;
};

/** Where the app would be; a connection says where it is. */
const HOST = "your-app.azurewebsites.net";

/**
 * The definition of the custom connector: OpenAPI 2.0 with Microsoft's extensions
 * (https://learn.microsoft.com/connectors/custom-connectors/openapi-extensions). In it are the operations that say so,
 * with the ids and parameter keys of Microsoft's LiveChat connector, so that flows can be switched over.
 */
export function toConnectorDefinition<Services>(
  operations: readonly Operation<Services>[],
  { version, basePath }: ConnectorOptions,
): Json {
  const definitions: Record<string, SwaggerField> = {};
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    const { connector, trigger, route, method } = operation;
    if (!connector && !trigger) continue;
    const path = `/${route}`;
    paths[path] = {
      ...paths[path],
      ...(trigger && {
        "x-ms-notification-content": {
          description: "What happened.",
          schema: refer(trigger.notification, definitions, operation.id),
        },
      }),
      [method.toLowerCase()]: describe(operation, definitions),
    };
  }
  return {
    swagger: "2.0",
    info: {
      title: "LiveChat Functions",
      description:
        "The agents and tickets of a LiveChat account, and triggers for its chats and tickets, through an app that you host yourself.",
      version,
      contact: {
        name: "Who runs the app",
        url: `https://${HOST}${basePath}/docs`,
        email: "operator@example.com",
      },
    },
    host: HOST,
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

/** What makes a connection: the app's address, and a key. */
export function toConnectorProperties({ basePath }: Pick<ConnectorOptions, "basePath">): Json {
  return {
    properties: {
      iconBrandColor: "#ff5100",
      capabilities: [],
      connectionParameters: {
        host: {
          type: "string",
          uiDefinition: {
            displayName: "Host",
            description: `The address of the app without https://, such as ${HOST}.`,
            tooltip: "Azure shows it as the default domain of the function app.",
            constraints: { required: "true", tabIndex: 1 },
          },
        },
        api_key: {
          type: "securestring",
          uiDefinition: {
            displayName: "Function Key",
            description: "A host key of the app, which opens all of its functions.",
            tooltip: "Azure shows it under Functions, App keys.",
            constraints: { required: "true", clearText: false, tabIndex: 2 },
          },
        },
      },
      policyTemplateInstances: [
        {
          templateId: "dynamichosturl",
          title: "Call the app of the connection",
          parameters: {
            // It takes the place of the base path, too:
            // https://github.com/MicrosoftDocs/BusinessApplicationPlatform-Connectors-public/issues/294
            "x-ms-apimTemplateParameter.urlTemplate": `https://@connectionParameters('host')${basePath}`,
          },
        },
      ],
    },
  };
}

function describe<Services>(operation: Operation<Services>, definitions: Record<string, SwaggerField>): Json {
  const { id, summary, description, tag, input, connector, trigger } = operation;
  const body = input.body && toSwaggerField(read(input.body), `${id}.body`);
  return {
    operationId: id,
    summary,
    description,
    tags: [tag],
    ...(connector === "internal" && { "x-ms-visibility": "internal" }),
    ...(trigger && { "x-ms-trigger": "single" }),
    parameters: [
      ...parametersIn("path", input.path, id),
      ...parametersIn("query", input.query, id),
      ...(body
        ? [
            {
              name: "body",
              in: "body",
              required: true,
              "x-ms-summary": "Body",
              description: "What is sent.",
              schema: body,
            },
          ]
        : []),
    ],
    responses: responsesOf(operation, definitions),
  };
}

function parametersIn(place: "path" | "query", schema: v.GenericSchema | undefined, id: string): Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = read(schema);
  return Object.entries(properties).map(([name, property]) => {
    const isInternal = hintOf(property as JsonSchema).visibility === "internal";
    const isRequired = required.includes(name) || isInternal;
    return {
      name,
      in: place,
      required: isRequired,
      ...toSwaggerField(property as JsonSchema, `${id}.${name}`),
      ...(place === "path" && { "x-ms-url-encoding": "single" }),
      // Microsoft's connector has none of these: they are there for who looks for them.
      ...(!isRequired && { "x-ms-visibility": "advanced" }),
    };
  });
}

function responsesOf<Services>(
  operation: Operation<Services>,
  definitions: Record<string, SwaggerField>,
): Json {
  const { id, access, output } = operation;
  const hasBody = output.schema.type !== "undefined";
  const headers = output.headers && read(output.headers).properties;
  const responses: Record<number, Json> = {
    [output.status]: {
      description: output.description,
      ...(hasBody && { schema: refer(output.schema, definitions, id) }),
      ...(headers && {
        headers: Object.fromEntries(
          Object.entries(headers).map(([name, header]) => [
            name,
            toSwaggerField(header as JsonSchema, `${id}.${name}`),
          ]),
        ),
      }),
    },
  };
  if (access === "key") responses[401] = { description: "The function key is missing or wrong." };
  const failures = Map.groupBy(failuresOf(operation), ({ status }) => status);
  for (const [status, kinds] of failures) {
    responses[status] ??= { description: `${kinds.map(({ title }) => title).join(". Or: ")}.` };
  }
  return responses;
}

/** A named shape at the root, or as the items of a list, goes to the definitions. Inside of others it is repeated. */
function refer(schema: v.GenericSchema, definitions: Record<string, SwaggerField>, id: string): SwaggerField {
  const named = (shape: JsonSchema & { [NAME]?: string }): SwaggerField => {
    const name = shape[NAME];
    const field = toSwaggerField(shape, name ?? id);
    if (name === undefined) return field;
    definitions[name] = field;
    return { $ref: `#/definitions/${name}` };
  };
  const shape = read(schema);
  if (shape.type !== "array") return named(shape);
  return { ...toSwaggerField(shape, id), items: named(shape.items as JsonSchema) };
}

/** Where the name of a shape stands. */
const NAME = "x-name";

function read(schema: v.GenericSchema): JsonSchema {
  return toJsonSchema(schema, {
    component: (name, shape) => ({ ...shape, [NAME]: name }),
    designer: (field, hint) => ({ ...field, [HINT]: hint }),
  });
}
