import { Validator } from "@seriousme/openapi-schema-validator";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { describeApp } from "../../functions/docs/describe-app.ts";
import { operations } from "../../functions/operations.ts";
import { idempotencyKey } from "../../shared/http/idempotency/key.ts";
import type { Operation } from "../../shared/http/operation.ts";
import { EVENT_TYPES, WebhookChatResponse } from "../../shared/schemas/webhook.ts";
import { checker, type Document, operationsIn, type Parameter, responseOf, sampleOf } from "./document.ts";

const server = "https://app.example/api";
// As a client reads it.
const document: Document = JSON.parse(
  JSON.stringify({ ...describeApp(operations), servers: [{ url: server }] }),
);
const published = operationsIn(document);
const check = checker(document);
const each = operations.map((operation) => {
  const described = published.find(({ operationId }) => operationId === operation.id);
  if (!described) throw new Error(`${operation.id} is not published`);
  return [operation.id, operation, described] as [string, Operation<never>, typeof described];
});

test("an independent validator accepts the definition as OpenAPI 3.1", async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(document));
  expect(errors).toBeUndefined();
  expect(valid).toBe(true);
  expect(document.openapi).toMatch(/^3\.1\./);
});

test("the definition has every operation of the app, under its method and path", () => {
  expect(published.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual(
    operations.map(({ method, route }) => `${method} /${route.replace("*", "")}`).toSorted(),
  );
  expect(document.servers).toEqual([{ url: server }]);
});

test("no two paths of the definition differ in parameter names only", () => {
  const paths = Object.keys(document.paths).map((path) => path.replaceAll(/\{\w+\}/g, "{}"));
  expect(new Set(paths).size).toBe(paths.length);
});

test("the definition lists the tags of all operations", () => {
  const used = new Set(published.flatMap(({ tags }) => tags));
  expect(document.tags.map(({ name }) => name)).toEqual([...used]);
});

test("a shared shape appears once in the definition, under the connector's name", () => {
  expect(Object.keys(document.components.schemas)).toEqual(
    expect.arrayContaining(["TicketResponse", "WebhookChatResponse", "WebhookTicketResponse", "Problem"]),
  );
  const text = JSON.stringify(document.paths);
  expect(text).not.toContain("Unique identifier of the chat.");
});

test.each(Object.entries(document.components.schemas))(
  "the shape %s is a valid JSON Schema for its examples",
  (_, schema) => {
    for (const example of (schema.examples as unknown[] | undefined) ?? []) {
      expect(check(schema, example)).toEqual([]);
    }
    expect(() => check(schema, {})).not.toThrow();
  },
);

describe.each(each)("%s", (id, operation, described) => {
  test(`${id} has a summary and a description`, () => {
    expect(described.summary).toMatch(/^[A-Z][^.]+$/);
    expect(described.description).toMatch(/^[A-Z].*\.$/s);
    for (const { name, description } of described.parameters ?? []) {
      expect([name, description]).toEqual([name, expect.stringMatching(/^[A-Z].*\.$/s)]);
    }
  });

  test(`${id} declares the key that it requires`, () => {
    const schemes = described.security.flatMap((alternative) => Object.keys(alternative));
    const expected = !operation.anonymous
      ? ["functionKey", "functionKeyInQuery"]
      : operation.input.delivery
        ? [operation.input.delivery.credentials === "key" ? "webhookKey" : "webhookCredentials"]
        : [];
    expect(schemes).toEqual(expected);
  });

  test(`${id} has a warning in its description if it writes`, () => {
    const writes = operation.method !== "GET" && operation.writes !== "nothing";
    expect(described.description.includes("**Writes:**")).toBe(writes);
  });

  test(`${id} accepts the examples of its request`, () => {
    const { path, query, body, delivery } = operation.input;
    for (const [place, schema] of [
      ["path", path],
      ["query", query],
    ] as const) {
      const parameters = (described.parameters ?? []).filter((parameter) => parameter.in === place);
      const samples = parameters.filter(({ required }) => required).map(wire);
      if (schema) expect(v.safeParse(schema, Object.fromEntries(samples)).issues).toBeUndefined();
    }
    const content = described.requestBody?.content["application/json"];
    if (!content) return expect(body ?? delivery).toBeUndefined();
    expect(check(content.schema, content.example)).toEqual([]);
    expect(v.safeParse(body ?? delivery?.schema ?? v.never(), content.example).issues).toBeUndefined();
  });

  test(`${id} has an accepted example for each parameter`, () => {
    for (const parameter of described.parameters ?? []) {
      const sample = sampleOf(parameter);
      if (sample === undefined) {
        expect([parameter.name, parameter.required]).toEqual(["cursor", false]);
        continue;
      }
      expect(check(parameter.schema, sample)).toEqual([]);
      if (parameter.name === "If-None-Match") {
        expect(operation.conditional).toBe(true);
        continue;
      }
      if (parameter.in === "header") {
        expect(v.parse(idempotencyKey, sample)).toMatch(/^[0-9a-f-]{36}$/);
        continue;
      }
      const schema = operation.input[parameter.in] as v.ObjectSchema<v.ObjectEntries, undefined> | undefined;
      const entry = schema?.entries[parameter.name];
      expect(v.safeParse(entry ?? v.never(), wire(parameter)[1]).issues).toBeUndefined();
    }
  });

  test(`${id} has an example answer that fits its schema and headers`, () => {
    const { status, schema, type = "application/json", headers } = operation.output;
    const response = responseOf(document, described, status);
    const content = response?.content?.[type];
    if (schema.type === "undefined") return expect(response?.content).toBeUndefined();
    if (!content) throw new Error("no content");
    expect(check(content.schema, content.example)).toEqual([]);
    expect(v.parse(schema, content.example)).toEqual(content.example);
    expect(Object.keys(response?.headers ?? {})).toEqual([
      ...Object.keys((headers as { entries?: object })?.entries ?? {}),
      ...(operation.conditional ? ["ETag"] : []),
    ]);
    expect("304" in described.responses).toBe(operation.conditional === true);
    for (const header of Object.values(response?.headers ?? {})) {
      if (header.example !== undefined) expect(check(header.schema, header.example)).toEqual([]);
    }
  });

  test(`${id} describes all its errors, each with a valid problem`, () => {
    const statuses = Object.keys(described.responses).map(Number);
    expect(statuses).toEqual(expect.arrayContaining([400, 500]));
    if (!operation.anonymous) expect(statuses).toContain(401);
    for (const Kind of operation.errors ?? []) expect(statuses).toContain(new Kind("").status);
    for (const status of statuses) {
      const response = responseOf(document, described, status);
      const problem = response?.content?.["application/problem+json"];
      for (const { value } of Object.values(problem?.examples ?? {})) {
        expect(check(problem?.schema ?? {}, value)).toEqual([]);
        expect(value).toMatchObject({
          status,
          type: expect.stringMatching(/^urn:livechat-functions:problem:[a-z-]+$/),
        });
      }
      if (status === 429) expect(response?.headers).toHaveProperty("Retry-After");
      if (status >= 400) expect(problem ?? operation.output.otherStatuses?.[status]).toBeDefined();
    }
  });
});

test("the definition offers the key in a header before the key in the URL", () => {
  expect(Object.keys(document.components.securitySchemes).slice(0, 2)).toEqual([
    "functionKey",
    "functionKeyInQuery",
  ]);
});

test("every tag of the definition has a description", () => {
  for (const { name, description } of document.tags) {
    expect([name, description]).toEqual([name, expect.stringMatching(/^[A-Z].*\.$/)]);
  }
});

test.each(published.filter(({ operationId }) => operationId.startsWith("Webhook")))(
  "$operationId describes the signed request to its callback",
  ({ callbacks }) => {
    const call = Object.values(callbacks?.event ?? {})[0]?.post;
    expect(call).toMatchObject({ summary: "Deliver an event", security: [{ webhookSignature: [] }] });
    expect(document.components.securitySchemes).toHaveProperty("webhookSignature");
    const content = call?.requestBody?.content["application/json"];
    expect(check(content?.schema ?? {}, content?.example)).toEqual([]);
  },
);

test("the definition describes a signed webhook for every event type", () => {
  expect(Object.keys(document.webhooks)).toEqual([...EVENT_TYPES]);
  for (const [type, { post: call }] of Object.entries(document.webhooks)) {
    expect(call).toMatchObject({ security: [{ webhookSignature: [] }] });
    const content = call?.requestBody?.content["application/json"];
    expect(check(content?.schema ?? {}, content?.example)).toEqual([]);
    expect(content?.example, type).toBeDefined();
  }
});

describe("the body of a receiver", () => {
  const bodyOf = (id: string) => {
    const content = published.find(({ operationId }) => operationId === id)?.requestBody?.content;
    return content?.["application/json"]?.schema ?? {};
  };

  test.each([
    ["times in epoch seconds", { started_timestamp: 1408356305, messages: [{ timestamp: 1408356305 }] }],
    ["times in ISO 8601", { started_timestamp: "2014-08-18T10:05:05.000Z" }],
    ["null instead of a field", { ended_timestamp: null, url: null, agents: null, tags: null }],
    ["groups by id", { groups: [0, 3] }],
    ["groups by id and name", { groups: [{ id: 3, name: "Sales" }] }],
    ["unknown fields", { thread: { id: "T1" } }],
  ])("ReceiveChatEnded accepts a chat with %s", (_, fields) => {
    const delivery = { event_type: "chat_ended", license_id: 12345678, chat: { id: "C1", ...fields } };
    expect(check(bodyOf("ReceiveChatEnded"), delivery)).toEqual([]);
    expect(v.is(WebhookChatResponse, delivery)).toBe(true);
  });

  test("ReceiveTicketCreated accepts a ticket with times in epoch seconds", () => {
    const ticket = { id: "T1", date: 1408356305, groups: [0, { id: 3 }], assignee: null, currentGroup: null };
    expect(check(bodyOf("ReceiveTicketCreated"), { ticket })).toEqual([]);
  });

  test("ReceiveChatEnded refuses a chat without an id", () => {
    expect(check(bodyOf("ReceiveChatEnded"), { chat: {} })).not.toEqual([]);
  });
});

/** A parameter's sample, as a URL contains it. */
function wire(parameter: Parameter): [name: string, value: string] {
  return [parameter.name, String(sampleOf(parameter))];
}
