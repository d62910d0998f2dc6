import fc from "fast-check";
import { expect, test } from "vitest";
import { complexityOf } from "../../shared/event-log/complexity.ts";
import { cutMembers } from "../../shared/event-log/cut-members.ts";

const SECRET = "planted-secret";

test.for([
  ["the first member", '{"token":"t","a":1}', '{"a":1}'],
  ["a member in the middle", '{"a":1,"token":"t","b":2}', '{"a":1,"b":2}'],
  ["the last member", '{"a":1, "token" : "t" }', '{"a":1}'],
  ["the only member", ' { "token" : {"x":[1]} } ', " {} "],
  ["repeated members", '{"token":1,"a":2,"token":[3,{"token":4}]}', '{"a":2}'],
  ["a name with escapes", '{"\\u0074ok\\u0065n":"t","a":1}', '{"a":1}'],
  [
    "among similar names",
    '{"tokens":1,"Token":2,"a\\"token":3,"token":4}',
    '{"tokens":1,"Token":2,"a\\"token":3}',
  ],
  [
    "after strings with quotes, backslashes and braces",
    '{"a":"\\\\","b":"},{\\"token\\":","token":"t"}',
    '{"a":"\\\\","b":"},{\\"token\\":"}',
  ],
  ["not in nested objects", '{"a":{"token":1},"b":[{"token":2}]}', '{"a":{"token":1},"b":[{"token":2}]}'],
  ["no such member", '{"a":1}', '{"a":1}'],
  ["an empty object", "{}", "{}"],
  [
    "in each object of a list",
    '[{"token":1}, {"a":"]","token":2},[{"token":3}],"{",4]',
    '[{}, {"a":"]"},[{"token":3}],"{",4]',
  ],
  ["an empty list", "[ ]", "[ ]"],
  ["a string", '"token"', '"token"'],
] as const)("cutMembers cuts the members named token: %s", ([, text, expected]) => {
  expect(cutMembers(text, ["token"])).toBe(expected);
});

test("cutMembers cuts the members of several names from the outer object only", () => {
  const names = ["token", "secret_key"];
  expect(cutMembers('{"secret_key":1,"a":{"token":2},"token":3,"secret_key":4}', names)).toBe(
    '{"a":{"token":2}}',
  );
});

test("cutMembers does not change the spelling of other members", () => {
  const rest = '"n":12345678901234567890,"f":1.0,"e":1E+2,"s":"\\ud800 \\u0000 é 🙂","d":1,"d":2 ,"b":  2';
  expect(cutMembers(`{"token":"${SECRET}",${rest}}`, ["token"])).toBe(`{${rest}}`);
});

/** In V8 13.6, `JSON.parse` does not always return the last of repeated members. So only `token` is repeated. */
const repeatingOnlyToken = <Value>(members: [string, Value][]) =>
  members.filter(
    ([name], index) => name === "token" || members.findIndex(([other]) => other === name) === index,
  );

const escapeOf = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

test("an object of any spelling has the same other members after a cut", () => {
  const name = fc.oneof(
    fc.constantFrom("token", "tok", "token ", "__proto__x"),
    fc.string({ unit: "binary" }),
  );
  const written = fc.record({
    members: fc
      .array(fc.tuple(name, fc.jsonValue({ maxDepth: 2 })), { maxLength: 8 })
      .map(repeatingOnlyToken),
    space: fc.stringMatching(/^[ \t\r\n]{0,2}$/),
    escaped: fc.boolean(),
  });
  fc.assert(
    fc.property(written, ({ members, space, escaped }) => {
      const spell = (text: string) =>
        escaped ? text.replace(/\\u....|\\.|[a-z]/g, (c) => (c.length > 1 ? c : escapeOf(c))) : text;
      const write = (list: typeof members) =>
        `{${space}${list
          .map(([name, value]) => `${spell(JSON.stringify(name))}${space}:${JSON.stringify(value)}`)
          .join(`${space},${space}`)}}`;
      const text = space + write(members) + space;
      const { token: _, ...expected } = JSON.parse(text);
      expect(JSON.parse(cutMembers(text, ["token"]))).toEqual(expected);
      if (!members.some(([name]) => name === "token")) expect(cutMembers(text, ["token"])).toBe(text);
    }),
  );
});

test("a text of a million levels and a string of 8 MB are cut", () => {
  const deep = `{"a":${"[".repeat(1_000_000)}${"]".repeat(1_000_000)},"token":1}`;
  expect(cutMembers(deep, ["token"])).toBe(`${deep.slice(0, -11)}}`);
  expect(complexityOf(deep).depth).toBe(1_000_001);
  const long = `{"a":"${"\\\\".repeat(4_000_000)}","token":1}`;
  expect(cutMembers(long, ["token"])).toBe(`${long.slice(0, -11)}}`);
});

test("a cut of a text that ends too early throws a SyntaxError", () => {
  for (const text of ['{"token":"t', '{"a":1', "{", '{"a":[}'])
    expect(() => cutMembers(text, ["token"])).toThrow(SyntaxError);
});

test("complexityOf counts depth and values outside of strings only", () => {
  const counted = ["1", '"[[,"', "[]", '{"a":[{}],"b":"{{,{{"}'].map(complexityOf);
  expect(counted.map(({ depth }) => depth)).toEqual([0, 0, 1, 3]);
  expect(counted.map(({ values }) => values)).toEqual([1, 1, 2, 5]);
});
