import { expect, test } from "vitest";
import { describeError, readable } from "../../local/host/log.ts";

test.for([
  [new TypeError("no good"), "TypeError: no good"],
  [new Error("GET https://h.test/a?code=secret&b=1 failed"), "Error: GET https://h.test/a failed"],
  [new Error('Invalid URL: "http://a b/api?code=secret"'), 'Error: Invalid URL: "http://a b/api"'],
  [new Error("What now? Nothing = nothing"), "Error: What now? Nothing = nothing"],
  [new Error("first\n  second\n"), "Error: first second "],
  ["just text", "just text"],
  [undefined, "undefined"],
] as const)("%o is described in one line without a query", ([thrown, expected]) => {
  expect(describeError(thrown)).toBe(expected);
});

test.for([
  [
    '{"time":"2026-01-15T09:40:00.000Z","level":"information","function":"ReceiveChatEnded","invocationId":"i","message":"{\\"message\\":\\"delivery received\\",\\"invocationId\\":\\"i\\",\\"type\\":\\"chat_ended\\",\\"bytes\\":120}"}',
    /^\d\d:40:00 {2}ReceiveChatEnded {2}delivery received {2}type=chat_ended {2}bytes=120$/,
  ],
  [
    '{"time":"2026-01-15T09:40:00.000Z","level":"warning","message":"Queue q: cannot be read"}',
    /^\d\d:40:00 {2}warning {2}Queue q: cannot be read$/,
  ],
  ["listening on http://127.0.0.1:1", /^listening on http:\/\/127\.0\.0\.1:1$/],
  ["{not a log line}", /^\{not a log line\}$/],
] as const)("the log line %s is shown in a terminal as %s", ([line, shown]) => {
  expect(readable(line)).toMatch(shown);
});
