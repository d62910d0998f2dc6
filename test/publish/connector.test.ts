import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Ajv } from "ajv";
import Ajv04 from "ajv-draft-04";
import addFormats from "ajv-formats";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { declare } from "../../shared/http/operation.ts";
import { toConnectorPaths } from "../../shared/publish/connector.ts";
import { exact, named } from "../../shared/schemas/vocabulary.ts";
import { CORRECTIONS, OPERATIONS, ROWS } from "./microsoft.ts";

// Users import the committed files, so the tests read these; the first test compares the definition with the operations.
const directory = resolve(import.meta.dirname, "../../connector");
const text = readFileSync(join(directory, "apiDefinition.swagger.json"), "utf8");
const definition: Definition = JSON.parse(text);
const properties = readJson(join(directory, "apiProperties.json"));

type Field = {
  name?: string;
  in?: string;
  type?: string;
  format?: string;
  description?: string;
  required?: boolean | string[];
  default?: unknown;
  enum?: unknown[];
  properties?: Record<string, Field>;
  items?: Field;
  schema?: Field;
  $ref?: string;
  [extension: `x-ms-${string}`]: unknown;
};
type Response = { description: string; schema?: Field; headers?: Record<string, Field> };
type Described = {
  operationId: string;
  summary: string;
  description: string;
  parameters: Field[];
  responses: Record<string, Response>;
  [extension: `x-ms-${string}`]: unknown;
};
type Placed = Described & { path: string; item: PathItem; call: string };
type PathItem = Record<string, Described> & {
  "x-ms-notification-content"?: { description: string; schema: Field };
};
type Definition = {
  info: { title: string; description: string; version: string; contact: Record<string, string> };
  paths: Record<string, PathItem>;
  definitions: Record<string, Field>;
  [key: string]: unknown;
};

const METHODS = ["get", "post", "put", "delete"];
const operations: Placed[] = Object.entries(definition.paths).flatMap(([path, item]) =>
  METHODS.flatMap((method) => {
    const described = item[method];
    return described ? [{ ...described, path, item, call: `${method.toUpperCase()} ${path}` }] : [];
  }),
);
const triggers = operations.filter((operation) => operation["x-ms-trigger"]);
const parameters = operations.flatMap(({ operationId, parameters }) =>
  parameters.map((parameter) => [`${operationId}.${parameter.name}`, parameter] as const),
);

/** Every named field in a schema, with its path. */
function fieldsIn(schema: Field | undefined, path: string): [path: string, field: Field][] {
  if (!schema || schema.$ref) return [];
  const inner = Object.entries(schema.properties ?? {}).flatMap(([name, field]): [string, Field][] => [
    [`${path}.${name}`, field],
    ...fieldsIn(field, `${path}.${name}`),
  ]);
  return [...inner, ...fieldsIn(schema.items, path)];
}

const bodies = operations.map(({ operationId, parameters }) => ({
  operationId,
  schema: parameters.find((parameter) => parameter.in === "body")?.schema,
}));
const fields = [
  ...bodies.flatMap(({ operationId, schema }) => fieldsIn(schema, operationId)),
  ...Object.entries(definition.definitions).flatMap(([name, schema]) => fieldsIn(schema, name)),
];

function resolveRef(schema: Field | undefined): Field | undefined {
  return schema?.$ref ? definition.definitions[schema.$ref.replace("#/definitions/", "")] : schema;
}

/** Every object in a document. */
function* objectsIn(value: unknown): Generator<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield value as Record<string, unknown>;
  for (const inner of Object.values(value)) yield* objectsIn(inner);
}

const SENTENCE = /^[A-Z].*\.$/s;

const TITLE_CASE = /^[A-Z0-9][\w'-]*( [A-Z0-9][\w'-]*)*$/;

test("the committed connector definition matches the operations", () => {
  const script = resolve(import.meta.dirname, "../../scripts/connector.ts");
  expect(() => execFileSync(process.execPath, [script, "--check"], { stdio: "pipe" })).not.toThrow();
});

test("the connector's two files are valid by Microsoft's schemas", () => {
  const [draft04, draft07] = [new Ajv04.default({ strict: false }), new Ajv({ strict: false })];
  for (const ajv of [draft04, draft07]) addFormats.default(ajv);
  const schemas = join(import.meta.dirname, "schemas");
  expect(draft04.validate(readJson(join(schemas, "apiDefinition.swagger.schema.json")), definition)).toBe(
    true,
  );
  expect(draft07.validate(readJson(join(schemas, "paconn-apiProperties.schema.json")), properties)).toBe(
    true,
  );
});

describe("compatibility with Microsoft's connector", () => {
  test.each(Object.entries(OPERATIONS))(
    "%s has the call, summary and parameters of Microsoft's connector",
    (id, { call, summary, keys }) => {
      const operation = operations.find(({ operationId }) => operationId === id);
      expect(operation).toMatchObject({ call, summary });
      const ours = keysOf(id);
      expect(Object.keys(ours)).toEqual(expect.arrayContaining(keys.map((key) => key.replace("*", ""))));
      for (const [key, { required, field }] of Object.entries(ours)) {
        expect([key, required]).toEqual([key, keys.includes(`${key}*`)]);
        // Forms show parameters that Microsoft's connector does not have on demand only.
        if (!keys.some((name) => name.replace("*", "") === key))
          expect(field["x-ms-visibility"]).toBe("advanced");
      }
    },
  );

  test("the connector has Microsoft's operations and DeleteHook", () => {
    const ids = operations.map(({ operationId }) => operationId);
    expect(ids.toSorted()).toEqual([...Object.keys(OPERATIONS), "DeleteHook"].toSorted());
    expect(operations.find(({ operationId }) => operationId === "DeleteHook")).toMatchObject({
      call: expect.stringMatching(/^DELETE .*\{hookId\}$/),
      "x-ms-visibility": "internal",
    });
  });

  test("Microsoft's reference has 131 rows", () => expect(ROWS).toHaveLength(131));

  test.each(ROWS.map((row) => [`${row.place} ${row.key}`, row] as const))(
    "%s has the title, type, description and required flag of Microsoft's",
    (at, { place, key, title, type, required, description }) => {
      const [ours] = place in OPERATIONS ? [keysOf(place)[key]] : [{ field: fieldOf(place, key) }];
      if (!ours?.field) throw new Error(`${at} is missing`);
      const correction = CORRECTIONS[at];
      expect(ours.field["x-ms-summary"]).toBe(correction?.title ?? title);
      expect(typeOf(ours.field)).toBe(type);
      if ("required" in ours) expect(ours.required).toBe(required);
      // An import requires descriptions that end with one full stop.
      const words = correction?.description ?? description.replace(/\.*$/, ".");
      expect(ours.field.description).toEqual(description ? words : expect.stringMatching(SENTENCE));
    },
  );

  test("every correction is of a row of Microsoft's reference", () => {
    const rows = ROWS.map(({ place, key }) => `${place} ${key}`);
    expect(Object.keys(CORRECTIONS).filter((at) => !rows.includes(at))).toEqual([]);
  });

  function fieldOf(definitionName: string, key: string): Field | undefined {
    const found = fieldsIn(definition.definitions[definitionName], "");
    return found.find(([path]) => path === `.${key}`)?.[1];
  }

  /** The parameters of an operation by their keys, the body's fields with dots. */
  function keysOf(id: string): Record<string, { required: boolean; field: Field }> {
    const operation = operations.find(({ operationId }) => operationId === id);
    const entries = (operation?.parameters ?? []).flatMap(
      (parameter): [string, { required: boolean; field: Field }][] =>
        parameter.in === "body"
          ? leaves(parameter.schema, "", true)
          : [[parameter.name ?? "", { required: parameter.required === true, field: parameter }]],
    );
    return Object.fromEntries(entries);
  }

  function leaves(
    schema: Field | undefined,
    path: string,
    asked: boolean,
  ): [string, { required: boolean; field: Field }][] {
    return Object.entries(schema?.properties ?? {}).flatMap(([name, field]) => {
      const required = asked && Array.isArray(schema?.required) && schema.required.includes(name);
      return field.type === "object"
        ? leaves(field, `${path}${name}.`, required)
        : [[`${path}${name}`, { required, field }] as [string, { required: boolean; field: Field }]];
    });
  }

  function typeOf({ type, format, items }: Field): string | undefined {
    return type === "array" ? `array of ${items?.type}` : (format ?? type);
  }
});

describe("Microsoft's rules for an import", () => {
  test("the connector definition is below 1 MB", () => {
    expect(text.length).toBeLessThan(1_000_000);
  });

  test("the connector definition has version, scheme, host and base path", () => {
    expect(definition).toMatchObject({
      swagger: "2.0",
      schemes: ["https"],
      host: expect.stringMatching(/^[a-z0-9.-]+$/),
      basePath: expect.stringMatching(/^\/\w/),
    });
  });

  test("the connector's info follows Microsoft's rules", () => {
    const { title, description, version, contact } = definition.info;
    expect(title).toMatch(/^.{1,29}[a-z0-9]$/i);
    expect(title).not.toMatch(/\bapi\b|connector|power ?(apps|automate|bi|platform)|^livechat$/i);
    expect(description).toMatch(/^.{30,500}$/s);
    expect(version).toMatch(/^\d+(\.\d+)+$/);
    expect(contact).toEqual({
      name: expect.stringMatching(/./),
      url: expect.stringMatching(/^https:/),
      email: expect.stringContaining("@"),
    });
    expect(contact.email).not.toMatch(/example\.(com|org|net)$/);
  });

  test("the connector has a website, a privacy policy and at most two categories", () => {
    const metadata = Object.fromEntries(
      (definition["x-ms-connector-metadata"] as { propertyName: string; propertyValue: string }[]).map(
        ({ propertyName, propertyValue }) => [propertyName, propertyValue],
      ),
    );
    expect(Object.keys(metadata).toSorted()).toEqual(["Categories", "Privacy policy", "Website"]);
    expect(metadata.Categories?.split(";").length).toBeLessThanOrEqual(2);
  });

  test.each(operations)("$operationId has a summary of at most 80 characters", ({ summary }) => {
    expect(summary).toMatch(/^[A-Za-z0-9() ]{1,80}$/);
  });

  test.each(operations)(
    "$operationId has a sentence other than its summary as description",
    ({ summary, description }) => {
      expect(description).toMatch(SENTENCE);
      expect(description).not.toBe(summary);
    },
  );

  test("every operation of the connector has a unique id", () => {
    const ids = operations.map(({ operationId }) => operationId);
    expect(ids.every(Boolean)).toBe(true);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test.each(parameters)(
    "the parameter %s has a title in Title Case and a description with a full stop",
    (_, parameter) => {
      expect(parameter["x-ms-summary"]).toMatch(TITLE_CASE);
      expect(parameter.description).toMatch(SENTENCE);
    },
  );

  test("every field has a type, a title and a description with a full stop", () => {
    const wrong = fields.filter(
      ([, { type, description, "x-ms-summary": title }]) => !type || !title || !description?.endsWith("."),
    );
    expect(wrong).toEqual([]);
  });

  test("every field of a request body has a title in Title Case", () => {
    const titles = bodies.flatMap(({ operationId, schema }) =>
      fieldsIn(schema, operationId).map(([, field]) => field["x-ms-summary"]),
    );
    for (const title of titles) expect(title).toMatch(TITLE_CASE);
  });

  test("every request body is a required parameter with the name body", () => {
    const found = parameters.filter(([, parameter]) => parameter.in === "body");
    expect(found).toHaveLength(6);
    for (const [, { name, required }] of found) expect([name, required]).toEqual(["body", true]);
  });

  test("an operation has exactly the parameters of its path, required and encoded once", () => {
    for (const { path, parameters } of operations) {
      const inPath = parameters.filter((parameter) => parameter.in === "path");
      expect(inPath.map(({ name }) => `{${name}}`).join()).toBe((path.match(/\{\w+\}/g) ?? []).join());
      for (const parameter of inPath) {
        expect(parameter).toMatchObject({ required: true, "x-ms-url-encoding": "single" });
      }
    }
  });

  test("a hidden field has one default or is filled with the flow's callback URL", () => {
    const hidden = [...parameters, ...fields].filter(([, field]) => field["x-ms-visibility"] === "internal");
    const sent = hidden.map(([path, field]) => [path, field["x-ms-notification-url"] ?? field.default]);
    expect(Object.fromEntries(sent)).toEqual({
      "WebhookChatStarted.event_type": "chat_started",
      "WebhookChatStarted.url": true,
      "WebhookChatEnded.event_type": "chat_ended",
      "WebhookChatEnded.url": true,
      "WebhookTicketCreated.event_type": "ticket_created",
      "WebhookTicketCreated.data_types[]": "ticket",
      "WebhookTicketCreated.url": true,
    });
  });

  test("fields with a choice of values have an enum or a dynamic list", () => {
    const field = (path: string) => fields.find(([name]) => name === path)?.[1];
    for (const id of ["CreateTicket", "UpdateTicket"]) {
      expect(field(`${id}.source.type`)?.enum).toEqual(["chat-window", "mail", "lc2"]);
      expect(field(`${id}.assignee.id`)).toMatchObject({
        "x-ms-dynamic-list": { operationId: "ListAgents" },
        "x-ms-dynamic-values": {
          operationId: "ListAgents",
          parameters: {},
          "value-path": "login",
          "value-title": "name",
        },
      });
      expect(field(`${id}.assignee.id`)?.["x-ms-dynamic-values"]).not.toHaveProperty("value-collection");
    }
    expect(field("CreateAgent.permission")?.enum).toEqual(["administrator", "normal"]);
    expect(field("CreateAgent.login_status")?.enum).toEqual(["accepting chats", "not accepting chats"]);
    expect(field("CreateAgent.max_chats_count")?.type).toBe("string");
    expect(field("CreateAgent_Response.max_chats_count")?.type).toBe("integer");
  });

  test("the operation of a dynamic list returns the fields for value and title", () => {
    for (const object of objectsIn(definition)) {
      if (!("value-path" in object)) continue;
      const list = operations.find(({ operationId }) => operationId === object.operationId)?.responses[200]
        ?.schema;
      expect(list?.type).toBe("array");
      expect(Object.keys(resolveRef(list?.items)?.properties ?? {})).toEqual(
        expect.arrayContaining([object["value-path"], object["value-title"]]),
      );
    }
  });

  test.each(operations)("$operationId describes one success and its errors", ({ operationId, responses }) => {
    const statuses = Object.keys(responses);
    const [success] = statuses;
    expect(success).toMatch(/^2\d\d$/);
    expect(statuses).not.toContain("default");
    expect(statuses).toContain("400");
    expect(statuses).toContain("500");
    for (const response of Object.values(responses)) expect(response.description).toMatch(SENTENCE);
    const schema = responses[success ?? ""]?.schema;
    if (success === "204") expect(schema).toBeUndefined();
    else expect(resolveRef(schema)?.type).toBe(/^List/.test(operationId) ? "array" : "object");
  });

  test("no schema of the connector is empty or beyond OpenAPI 2.0", () => {
    for (const object of objectsIn(definition)) {
      for (const keyword of ["schema", "items"]) {
        if (keyword in object) expect(Object.keys(object[keyword] as object)).not.toEqual([]);
      }
      for (const keyword of ["nullable", "oneOf", "anyOf", "const", "examples"]) {
        expect(object).not.toHaveProperty(keyword);
      }
    }
  });

  test("the definitions of the connector are exactly the referenced ones", () => {
    const references = [...objectsIn(definition)].flatMap(({ $ref }) =>
      typeof $ref === "string" ? [$ref] : [],
    );
    expect(new Set(references)).toEqual(
      new Set(Object.keys(definition.definitions).map((name) => `#/definitions/${name}`)),
    );
  });

  test("the connector has three triggers", () => expect(triggers).toHaveLength(3));

  test.each(triggers)(
    "$operationId is a trigger with notification, hidden query and callback URL",
    ({ item, call, parameters, responses, ...rest }) => {
      expect(call).toMatch(/^POST /);
      expect(rest["x-ms-trigger"]).toBe("single");
      expect(resolveRef(item["x-ms-notification-content"]?.schema)?.type).toBe("object");
      const [query, body] = [
        parameters.filter((p) => p.in === "query"),
        parameters.find((p) => p.in === "body"),
      ];
      expect(query[0]?.name).toBe("event_type");
      for (const parameter of query) {
        expect(parameter).toMatchObject({
          type: "string",
          required: true,
          "x-ms-visibility": "internal",
          default: expect.any(String),
        });
      }
      expect(body?.schema?.required).toEqual(["url"]);
      expect(body?.schema?.properties?.url).toMatchObject({
        type: "string",
        "x-ms-notification-url": true,
        "x-ms-visibility": "internal",
      });
      expect(responses[201]?.headers?.Location?.type).toBe("string");
      expect(responses[201]?.schema).toBeDefined();
    },
  );

  test("a connection sends a function key in the header x-functions-key", () => {
    expect(definition.securityDefinitions).toEqual({
      api_key: { type: "apiKey", in: "header", name: "x-functions-key" },
    });
    expect(definition.security).toEqual([{ api_key: [] }]);
  });

  test("a connection asks for the app's host and a function key", () => {
    const { iconBrandColor, capabilities, connectionParameters, ...rest } = properties.properties;
    expect(iconBrandColor).toMatch(/^#[0-9a-f]{6}$/);
    expect(["#007ee5", "#ffffff"]).not.toContain(iconBrandColor);
    expect(capabilities).toEqual([]);
    expect(Object.keys(connectionParameters)).toEqual(["host", "api_key"]);
    expect(connectionParameters.api_key.type).toBe("securestring");
    for (const { uiDefinition } of Object.values<{ uiDefinition: Record<string, unknown> }>(
      connectionParameters,
    )) {
      expect(uiDefinition).toMatchObject({
        displayName: expect.stringMatching(TITLE_CASE),
        description: expect.stringMatching(SENTENCE),
        tooltip: expect.stringMatching(SENTENCE),
        constraints: { required: "true" },
      });
    }
    expect(Object.keys(rest)).toEqual(["policyTemplateInstances"]);
  });

  test("a call goes to the host of the connection, under the base path", () => {
    expect(properties.properties.policyTemplateInstances).toMatchObject([
      {
        templateId: "dynamichosturl",
        parameters: {
          "x-ms-apimTemplateParameter.urlTemplate": `https://@connectionParameters('host')${definition.basePath}`,
        },
      },
    ]);
  });
});

test("a body field of two types is refused with its path", () => {
  const undecided = declare<object>()({
    id: "Undecided",
    summary: "Undecided",
    description: "Reads text or a number.",
    tag: "Test",
    method: "POST",
    route: "undecided",
    connector: "action",
    input: { body: exact({ it: named(v.union([v.string(), v.number()]), "It", "Text or a number.") }) },
    output: { status: 204, description: "Nothing.", schema: v.undefined() },
    run: async () => ({}),
  });
  expect(() => toConnectorPaths([undecided])).toThrow("Undecided.body.it: a connector needs one type");
});

test("npm run connector keeps the host and contact of the run before", async () => {
  const copy = await mkdtemp(join(tmpdir(), "connector-"));
  const script = resolve(import.meta.dirname, "../../scripts/connector.ts");
  const run = (...flags: string[]) =>
    execFileSync(process.execPath, [script, "--directory", copy, ...flags], { stdio: "pipe" });
  run("--host", "chats.contoso.com", "--name", "Contoso IT", "--email", "it@contoso.com");
  run();
  const written = readJson(join(copy, "apiDefinition.swagger.json"));
  expect(written.host).toBe("chats.contoso.com");
  expect(written.info.contact).toEqual({
    name: "Contoso IT",
    url: "https://chats.contoso.com/api/docs",
    email: "it@contoso.com",
  });
  await rm(copy, { recursive: true });
});

test("the icon is a PNG of 230 x 230 pixels below 1 MB", () => {
  const icon = readFileSync(join(directory, "icon.png"));
  expect(icon.subarray(0, 8)).toEqual(Buffer.from("89504e470d0a1a0a", "hex"));
  expect([icon.readUInt32BE(16), icon.readUInt32BE(20)]).toEqual([230, 230]);
  expect(icon.length).toBeLessThan(1_000_000);
});

function readJson(path: string) {
  return JSON.parse(readFileSync(path, "utf8"));
}
