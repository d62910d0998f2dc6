import fc from "fast-check";
import { expect, test } from "vitest";
import { decodePath, readRouteTemplate, toRoutablePath } from "../../local/host/route-template.ts";

test.for([
  ["agents", ["/agents"], []],
  ["agents/{login}", ["/agents/:p1"], [["p1", "login"]]],
  ["tickets/{ticketId}/tags", ["/tickets/:p1/tags"], [["p1", "ticketId"]]],
  [
    "{a}/{b-c}",
    ["/:p0/:p1"],
    [
      ["p0", "a"],
      ["p1", "b-c"],
    ],
  ],
  ["files/{*path}", ["/files", "/files/*"], [["*", "path"]]],
  ["{*path}", ["/", "/*"], [["*", "path"]]],
  ["v1:beta/{n}", ["/v1::beta/:p1"], [["p1", "n"]]],
  ["", ["/"], []],
] as const)('the route template "%s" is read', ([template, paths, params]) => {
  const route = readRouteTemplate(template, "F");
  expect(route.paths).toEqual(paths);
  expect([...route.params]).toEqual(params);
});

test.for([
  ["/agents", "must not start with a slash"],
  ["a/{b}-{c}", 'has the segment "{b}-{c}", which this host cannot serve'],
  ["a/{b=1}", 'has the segment "{b=1}", which this host cannot serve'],
  ["a/{b?}", 'has the segment "{b?}", which this host cannot serve'],
  ["a/{*b}/c", 'has "{*b}" before its last segment'],
  ["a/{b:int}", 'has the segment "{b:int}", which this host cannot serve'],
] as const)("the route template %s is refused", ([template, why]) => {
  expect(() => readRouteTemplate(template, "F")).toThrow(`Function F: the route "${template}" ${why}`);
});

test("any text encoded into a path segment is decoded unchanged, except for slashes", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(decodePath(encodeURIComponent(text))).toBe(text.replaceAll("/", "%2F"));
    }),
  );
});

test("decodePath equals the full decoding of toRoutablePath for any text", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("%", "2", "F", "f", "/", "a", "+", "?", "ü") }), (path) => {
      const segments = toRoutablePath(path).split("/");
      const decoded = path.includes("%") ? segments.map(decodeURIComponent) : segments;
      expect(decoded.join("/")).toBe(decodePath(path));
      expect(segments).toHaveLength(path.split("/").length);
    }),
  );
});
