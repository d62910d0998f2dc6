import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { exampleOf } from "../../shared/publish/example.ts";
import { type JsonSchema, toJsonSchema } from "../../shared/publish/json-schema.ts";
import {
  described,
  exact,
  listOf,
  maybe,
  named,
  shape,
  text,
  time,
  wholeNumber,
  yesOrNo,
} from "../../shared/schemas/vocabulary.ts";

const read = (schema: v.GenericSchema) => toJsonSchema(schema);

describe("JSON Schema", () => {
  test.each<[string, v.GenericSchema, JsonSchema]>([
    ["text", text, { type: "string" }],
    ["a time", time, { type: "string", format: "date-time" }],
    ["an optional field of LiveChat's", maybe(text), { type: "string" }],
    ["an optional list of LiveChat's", listOf(text), { type: "array", items: { type: "string" } }],
    ["a number in a query", wholeNumber(1, 10), { type: "integer", minimum: 1, maximum: 10 }],
    [
      "a number in a query with a default",
      v.optional(wholeNumber(1, 10), "5"),
      { type: "integer", minimum: 1, maximum: 10, default: 5 },
    ],
    ["true or false in a query", v.optional(yesOrNo, "false"), { type: "boolean", default: false }],
    ["text or null", v.nullable(v.string()), { type: ["string", "null"] }],
  ])("%s is shown as the value that the schema returns", (_, schema, expected) => {
    expect(read(schema)).toEqual(expected);
  });

  test("only an exact object has additionalProperties: false", () => {
    expect(read(exact({ a: v.optional(v.string()) }))).toEqual({
      type: "object",
      properties: { a: { type: "string" } },
      additionalProperties: false,
    });
    expect(read(v.looseObject({ a: v.string() }))).toEqual({
      type: "object",
      properties: { a: { type: "string" } },
      required: ["a"],
    });
  });

  test("a named field shows its title, description and example", () => {
    expect(read(named(maybe(text), "Name", "Name of the author.", "Ana"))).toEqual({
      type: "string",
      title: "Name",
      description: "Name of the author.",
      examples: ["Ana"],
    });
  });

  test("a described field without a title shows its name in Title Case", () => {
    const fields = {
      lastDelivery: described(text, "When."),
      login_status: described(text, "How."),
      plain: text,
    };
    const { properties } = read(v.object({ ...fields, url: named(text, "URL", "Where.") }));
    expect(properties).toEqual({
      lastDelivery: { type: "string", title: "Last Delivery", description: "When." },
      login_status: { type: "string", title: "Login Status", description: "How." },
      plain: { type: "string" },
      url: { type: "string", title: "URL", description: "Where." },
    });
  });

  test("an optional field of LiveChat's shows all accepted types and null as input", () => {
    const shown = toJsonSchema(v.looseObject({ at: maybe(time), tags: listOf(text) }), {
      shows: "input",
    });
    expect(shown.properties).toEqual({
      at: { type: ["number", "string", "null"] },
      tags: {
        anyOf: [{ type: "array", items: { type: ["string", "number", "boolean"] } }, { type: "null" }],
      },
    });
  });

  test("a pipe that ends with a transformation is refused", () => {
    const length = v.pipe(
      v.string(),
      v.transform((given) => given.length),
    );
    expect(() => read(v.object({ length }))).toThrow(/"transform" action cannot be converted/);
  });

  test("a pipe is shown as the schema after its transformation", () => {
    const length = v.pipe(
      v.string(),
      v.transform((given) => given.length),
      v.number(),
    );
    expect(read(v.object({ length })).properties).toEqual({ length: { type: "number" } });
  });
});

describe("named shapes", () => {
  const Inner = shape("Inner", v.object({ a: v.string() }), { a: "x" });
  const Outer = shape(
    "Outer",
    v.object({ first: named(Inner, "First", "The first."), rest: v.array(Inner) }),
    {
      first: { a: "1" },
      rest: [],
    },
  );

  test("fields that refer to a named shape keep their own title and description", () => {
    const shapes: Record<string, JsonSchema> = {};
    const reference = toJsonSchema(Outer, {
      component: (name, shape) => {
        shapes[name] = shape;
        return { $ref: `#/${name}` };
      },
    });
    expect(reference).toEqual({ $ref: "#/Outer" });
    expect(shapes.Outer?.properties).toEqual({
      first: { $ref: "#/Inner", title: "First", description: "The first." },
      rest: { type: "array", items: { $ref: "#/Inner" } },
    });
    expect(shapes.Inner?.examples).toEqual([{ a: "x" }]);
  });

  test("a reference has the example of its shape", () => {
    expect(exampleOf({ $ref: "#/components/schemas/Inner" }, { Inner: read(Inner) })).toEqual({ a: "x" });
  });
});

test.each<[JsonSchema, unknown]>([
  [{ type: "string", examples: ["a", "b"] }, "a"],
  [{ type: "integer", default: 0 }, 0],
  [{ enum: ["x", "y"] }, "x"],
  [{ const: true }, true],
  [{ type: "array", items: { enum: [1] } }, [1]],
  [{ anyOf: [{ enum: ["x"] }, { enum: ["y"] }] }, "x"],
  [{ type: "string" }, undefined],
])("the example of %j is %j", (schema, expected) => expect(exampleOf(schema)).toEqual(expected));
