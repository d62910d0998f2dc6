import * as v from "valibot";
import { expect, test } from "vitest";
import { Conflict, NotFound, TooManyRequests } from "../../shared/core/errors.ts";
import { declare } from "../../shared/http/operation.ts";
import { describeFailures, failuresOf } from "../../shared/publish/failures.ts";

const read = declare<object>()({
  id: "Read",
  description: "Reads.",
  tag: "Test",
  method: "GET",
  route: "things",
  input: {},
  output: { status: 204, description: "Nothing.", schema: v.undefined() },
  errors: [TooManyRequests, NotFound, NotFound],
  run: async () => ({}),
});

test("an operation's failures are its own and the common ones, each once, by status", () => {
  expect(failuresOf(read).map(({ kind, status }) => [kind, status])).toEqual([
    ["invalid-input", 400],
    ["not-found", 404],
    ["too-many-requests", 429],
    ["defect", 500],
  ]);
});

test("an operation with a body also fails with 413 and 415", () => {
  const statuses = failuresOf({ ...read, input: { body: v.object({}) } }).map(({ status }) => status);
  expect(statuses).toEqual([400, 404, 413, 415, 429, 500]);
});

test("the example of an invalid request names the field", () => {
  expect(failuresOf(read)[0]?.problem).toMatchObject({
    status: 400,
    errors: [{ path: "requester.mail", message: "requester.mail is required." }],
  });
});

test("errors of one status are described together by their titles", () => {
  const [, first, second] = failuresOf({ ...read, errors: [NotFound, Conflict] });
  expect(describeFailures([first, second].filter((failure) => failure !== undefined))).toBe(
    "Not found. Or: In conflict with the current state.",
  );
});
