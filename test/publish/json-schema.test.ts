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

describe("the published schema describes the output", () => {
  test.each<[string, v.GenericSchema, JsonSchema]>([
    ["text that may come as a number", text, { type: "string" }],
    ["a moment in either spelling", time, { type: "string", format: "date-time" }],
    ["a field that may be null", maybe(text), { type: "string" }],
    ["a list that may be anything but one", listOf(text), { type: "array", items: { type: "string" } }],
    ["a number of a query", wholeNumber(1, 10), { type: "integer", minimum: 1, maximum: 10 }],
    [
      "its default",
      v.optional(wholeNumber(1, 10), "5"),
      { type: "integer", minimum: 1, maximum: 10, default: 5 },
    ],
    ["yes or no of a query", v.optional(yesOrNo, "false"), { type: "boolean", default: false }],
    ["null where it is meant", v.nullable(v.string()), { type: ["string", "null"] }],
  ])("%s", (_, schema, expected) => expect(read(schema)).toEqual(expected));

  test("an object that takes nothing else says so, and one that does says nothing", () => {
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

  test("a field's own description replaces the one from its schema", () => {
    expect(read(named(maybe(text), "Name", "Name of the author.", "Ana"))).toEqual({
      type: "string",
      title: "Name",
      description: "Name of the author.",
      examples: ["Ana"],
    });
  });

  test("a described field without a title has its name in Title Case", () => {
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

  test("a field that LiveChat sends in several spellings shows all of them as input", () => {
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

  test("a pipe that transforms is shown as the schema that follows the transformation", () => {
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

  test("can stand once, and be referred to with other words", () => {
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

  test("give their example where there is no other", () => {
    expect(exampleOf({ $ref: "#/components/schemas/Inner" }, { Inner: read(Inner) })).toEqual({ a: "x" });
  });
});

describe("an example is put together from those of the parts", () => {
  test.each<[JsonSchema, unknown]>([
    [{ type: "string", examples: ["a", "b"] }, "a"],
    [{ type: "integer", default: 0 }, 0],
    [{ enum: ["x", "y"] }, "x"],
    [{ const: true }, true],
    [{ type: "array", items: { enum: [1] } }, [1]],
    [{ anyOf: [{ enum: ["x"] }, { enum: ["y"] }] }, "x"],
    [{ type: "string" }, undefined],
  ])("%j", (schema, expected) => expect(exampleOf(schema)).toEqual(expected));
});
