import { expect, test } from "vitest";
import { linkToNext } from "../../shared/http/link.ts";

test("a Link to the next part has the parameters that are not undefined, encoded", () => {
  const url = new URL("https://app.example/api/tickets");
  expect(linkToNext(url, { query: "a&b", page: 2, skip: 0, cursor: undefined })).toBe(
    '<https://app.example/api/tickets?query=a%26b&page=2&skip=0>; rel="next"',
  );
});
