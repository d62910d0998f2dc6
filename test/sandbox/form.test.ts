import { expect, test } from "vitest";
import { readForm } from "../../local/sandbox/form.ts";

test.each([
  ["page=2&query=a%20b+c", { page: "2", query: "a b c" }],
  [
    "requester[mail]=a@example.com&requester%5Bname%5D=A",
    { requester: { mail: "a@example.com", name: "A" } },
  ],
  ["tag[]=a&tag[]=b", { tag: ["a", "b"] }],
  ["tag[0]=a&tag[1]=b", { tag: ["a", "b"] }],
  ["page=1&page=2", { page: "2" }],
  ["empty=", { empty: "" }],
  ["[odd]=1&a[b=2", {}],
  ["", {}],
])("readForm reads %s", (text, fields) => {
  expect({ ...readForm(text) }).toEqual(fields);
});

test("readForm cannot change the prototype of objects", () => {
  readForm("__proto__[admin]=1&constructor[prototype]=1");

  expect({}).not.toHaveProperty("admin");
});
