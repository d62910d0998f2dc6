import fc from "fast-check";
import { expect, test } from "vitest";
import { complexityOf } from "../../shared/event-log/complexity.ts";
import { cutMembers } from "../../shared/event-log/cut-members.ts";

const SECRET = "planted-secret";

test.for([
  ["first", '{"token":"t","a":1}', '{"a":1}'],
  ["in the middle", '{"a":1,"token":"t","b":2}', '{"a":1,"b":2}'],
  ["last", '{"a":1, "token" : "t" }', '{"a":1}'],
  ["alone", ' { "token" : {"x":[1]} } ', " {} "],
  ["twice", '{"token":1,"a":2,"token":[3,{"token":4}]}', '{"a":2}'],
  ["spelled with escapes", '{"\\u0074ok\\u0065n":"t","a":1}', '{"a":1}'],
  [
    "among look-alikes",
    '{"tokens":1,"Token":2,"a\\"token":3,"token":4}',
    '{"tokens":1,"Token":2,"a\\"token":3}',
  ],
  [
    "after tricky strings",
    '{"a":"\\\\","b":"},{\\"token\\":","token":"t"}',
    '{"a":"\\\\","b":"},{\\"token\\":"}',
  ],
  ["deeper only", '{"a":{"token":1},"b":[{"token":2}]}', '{"a":{"token":1},"b":[{"token":2}]}'],
  ["nowhere", '{"a":1}', '{"a":1}'],
  ["of an empty object", "{}", "{}"],
  [
    "of each object of a list",
    '[{"token":1}, {"a":"]","token":2},[{"token":3}],"{",4]',
    '[{}, {"a":"]"},[{"token":3}],"{",4]',
  ],
  ["of an empty list", "[ ]", "[ ]"],
  ["of a string", '"token"', '"token"'],
] as const)("cuts a member that is %s", ([, text, expected]) => {
  expect(cutMembers(text, ["token"])).toBe(expected);
});

test("several names are cut in one go", () => {
  const names = ["token", "secret_key"];
  expect(cutMembers('{"secret_key":1,"a":{"token":2},"token":3,"secret_key":4}', names)).toBe(
    '{"a":{"token":2}}',
  );
});

test("everything else stays as it was written", () => {
  const rest = '"n":12345678901234567890,"f":1.0,"e":1E+2,"s":"\\ud800 \\u0000 é 🙂","d":1,"d":2 ,"b":  2';
  expect(cutMembers(`{"token":"${SECRET}",${rest}}`, ["token"])).toBe(`{${rest}}`);
});

test("cutting a member gives the same as JSON.parse, for any spelling of an object", () => {
  const name = fc.oneof(
    fc.constantFrom("token", "tok", "token ", "__proto__x"),
    fc.string({ unit: "binary" }),
  );
  const written = fc.record({
    members: fc.array(fc.tuple(name, fc.jsonValue({ maxDepth: 2 })), { maxLength: 8 }),
    space: fc.stringMatching(/^[ \t\r\n]{0,2}$/),
    escaped: fc.boolean(),
  });
  fc.assert(
    fc.property(written, ({ members, space, escaped }) => {
      const spell = (text: string) =>
        escaped ? text.replace(/[a-z]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`) : text;
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

test("neither depth nor size hurts", () => {
  const deep = `{"a":${"[".repeat(1_000_000)}${"]".repeat(1_000_000)},"token":1}`;
  expect(cutMembers(deep, ["token"])).toBe(`${deep.slice(0, -11)}}`);
  expect(complexityOf(deep).depth).toBe(1_000_001);
  const long = `{"a":"${"\\\\".repeat(4_000_000)}","token":1}`;
  expect(cutMembers(long, ["token"])).toBe(`${long.slice(0, -11)}}`);
});

test("text that ends too early is an error rather than a token that stays", () => {
  for (const text of ['{"token":"t', '{"a":1', "{", '{"a":[}'])
    expect(() => cutMembers(text, ["token"])).toThrow(SyntaxError);
});

test("depth and values are counted outside of strings", () => {
  const counted = ["1", '"[[,"', "[]", '{"a":[{}],"b":"{{,{{"}'].map(complexityOf);
  expect(counted.map(({ depth }) => depth)).toEqual([0, 0, 1, 3]);
  expect(counted.map(({ values }) => values)).toEqual([1, 1, 2, 5]);
});
