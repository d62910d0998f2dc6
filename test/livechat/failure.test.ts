import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import {
  AppError,
  Conflict,
  InvalidInput,
  NotFound,
  UpstreamFailed,
  UpstreamRefused,
  UpstreamTimeout,
} from "../../shared/core/errors.ts";
import {
  answer,
  connect,
  failureOf,
  hang,
  KEY,
  play,
  type Script,
  startUpstream,
  UNREACHABLE,
  USERNAME,
} from "./upstream.ts";

const TICKET = { message: "Hi", requester: { mail: "r@example.com" } };
const CREDENTIALS = Buffer.from(`${USERNAME}:${KEY}`).toString("base64");

/** The error of a POST to an upstream with this script, and how many requests arrived. */
async function failToCreate(script: Script) {
  const { outcome, arrivals } = await play(script, (liveChat) => liveChat.createTicket(TICKET));
  if (!(outcome instanceof Error)) throw new Error("The call was expected to fail.");
  return { error: outcome, asked: arrivals.length };
}

it.each([
  [400, InvalidInput],
  [401, UpstreamRefused],
  [402, InvalidInput],
  [403, UpstreamRefused],
  [404, NotFound],
  [409, Conflict],
  [410, NotFound],
  [422, InvalidInput],
  [500, UpstreamFailed],
  [502, UpstreamFailed],
  [599, UpstreamFailed],
])("a %i becomes an error with LiveChat's message after one attempt", async (status, type) => {
  const { error, asked } = await failToCreate((response) =>
    answer(response, status, { error: "the requester is unknown" }),
  );
  expect(error).toBeInstanceOf(type);
  expect(error.message).toContain("the requester is unknown");
  expect(asked).toBe(1);
});

it.each([
  ['{"error":"no such ticket"}', "no such ticket"],
  ['{"error":{"message":"no such ticket"}}', "no such ticket"],
  ['{"errors":["no such ticket","nor agent"]}', "no such ticket; nor agent"],
  ['{"errors":[{"message":"no such ticket"},{"code":7}]}', "no such ticket"],
  ['{"message":"no such ticket"}', "no such ticket"],
  ["no such\r\n\tticket ", "no such ticket"],
  ["a < b and b > c", "a < b and b > c"],
  ["see https://user:password@example.com/path", "see https://example.com/path"],
  [`{"error":"${"a".repeat(1_000)}"}`, `${"a".repeat(299)}…`],
  [`{"error":"${"🦄".repeat(1_000)}"}`, `${"🦄".repeat(149)}…`],
])("the message in the body %s is passed on", async (body, words) => {
  for (const type of ["application/json", "text/html; charset=utf-8"]) {
    const { error } = await failToCreate((response) => {
      response.writeHead(400, { "content-type": type }).end(body);
    });
    expect(error).toBeInstanceOf(InvalidInput);
    // A body of type JSON that is not JSON has no message.
    const readable = type === "text/html; charset=utf-8" || body.startsWith("{");
    expect(error.message).toBe(`LiveChat refuses the request (400).${readable ? ` It says: ${words}` : ""}`);
  }
});

it.each([
  "<!DOCTYPE html><html><body><h1>Not here</h1></body></html>",
  "Sorry<br/>not here",
  '{"error":"<h1>Bad Gateway</h1>"}',
  '{"error":{"error":{"error":{"error":{"error":"deep"}}}}}',
  '{"unknown":"shape"}',
  "[]",
  "[".repeat(100_000),
  "",
  "  ",
])("a body without a message for people is not passed on: %#", async (body) => {
  const { error } = await failToCreate((response) => {
    response.writeHead(404, { "content-type": "text/html" }).end(body);
  });
  expect(error).toBeInstanceOf(NotFound);
  expect(error.message).toMatch(
    /^LiveChat does not have it: the id or login is unknown\.( It says: \[{299}…)?$/,
  );
});

it("a 400 is recognised when its body never ends", async () => {
  const { error } = await failToCreate(hang(400));
  expect(error).toBeInstanceOf(InvalidInput);
});

it("a 401 of LiveChat is answered as a 502", async () => {
  const { error } = await failToCreate((response) => answer(response, 401, { error: "Unauthorized" }));
  expect(error).toMatchObject({ status: 502, retryable: false });
});

it("an error of neither LiveChat nor the connection is thrown unchanged", async () => {
  const defect = new RangeError("ours");
  const { url } = await startUpstream(() => {});
  const liveChat = connect(url, { fetch: () => Promise.reject(defect) });
  expect(await failureOf(liveChat.getTicket("T1"))).toBe(defect);
});

describe("unusable answers", () => {
  it.each<[string, Script]>([
    ["of HTML", (response) => response.writeHead(200, { "content-type": "text/html" }).end("<html></html>")],
    [
      "with half a JSON text",
      (response) => response.writeHead(200, { "content-type": "application/json" }).end('{"id":'),
    ],
    ["without a body", (response) => response.writeHead(200).end()],
    ["of status 204", (response) => response.writeHead(204).end()],
    ["with null", (response) => answer(response, 200, null)],
    ["without an id", (response) => answer(response, 200, { subject: "Help" })],
    ["with a redirect", (response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end()],
    ["with a permanent redirect", (response) => response.writeHead(308, { location: "/tickets/T2" }).end()],
  ])("an answer %s is an UpstreamFailed", async (_, script) => {
    const { error, asked } = await failToCreate(script);
    expect(error).toBeInstanceOf(UpstreamFailed);
    expect(error.message).not.toContain("<");
    expect(asked).toBe(1);
  });

  it("the error of an answer with a wrong value names the path of the value", async () => {
    const { url } = await startUpstream((response) =>
      answer(response, 200, [{ login: "ana@example.com", name: "Ana" }, { name: "Eve" }]),
    );
    const error = await failureOf(connect(url, { random: () => 0 }).listAgents());
    expect(error.message).toBe("LiveChat's answer does not match its schema at 1.login.");
  });
});

describe("a POST whose outcome is unknown", () => {
  it.each<[string, Script]>([
    ["no answer in time", hang()],
    ["half an answer in time", hang(200)],
    ["a connection that breaks", (response) => response.destroy()],
    [
      "a body that is cut off",
      (response) => {
        response.writeHead(200, { "content-length": "100" });
        response.write('{"id":', () => response.destroy());
      },
    ],
    ["500", (response) => answer(response, 500)],
    ["503", (response) => answer(response, 503)],
    ["408", (response) => answer(response, 408)],
    ["an answer that cannot be read", (response) => void response.end("<html>")],
  ])("a POST that gets %s fails with an unknown outcome after one attempt", async (_, script) => {
    const { error, asked } = await failToCreate(script);
    expect(asked).toBe(1);
    expect(error).toMatchObject({ outcomeUnknown: true });
    expect(error.message).toContain("The request may have taken effect.");
  });

  it("a POST that was never sent is not in doubt", async () => {
    const error = await failureOf(connect(UNREACHABLE).createTicket(TICKET));
    expect(error).toBeInstanceOf(UpstreamFailed);
    expect(error).toMatchObject({ message: "LiveChat cannot be reached." });
    expect((error as AppError).outcomeUnknown).toBeFalsy();
    expect(error).toMatchObject({ upstream: { code: "ECONNREFUSED" } });
  });

  it("a POST that LiveChat refused is not in doubt", async () => {
    const { error } = await failToCreate((response) => answer(response, 400));
    expect((error as AppError).outcomeUnknown).toBeFalsy();
  });

  it("a POST without an answer in time is an UpstreamTimeout", async () => {
    const silent = await failToCreate(hang());
    expect(silent.error).toBeInstanceOf(UpstreamTimeout);
  });

  it("a POST on a connection that breaks is an UpstreamFailed", async () => {
    const broken = await failToCreate((response) => response.destroy());
    expect(broken.error).toBeInstanceOf(UpstreamFailed);
    expect(broken.error).toMatchObject({ upstream: { code: "UND_ERR_SOCKET", reason: "other side closed" } });
  });
});

const echo: Script = (response, { headers, url }) =>
  answer(response, 400, {
    errors: [
      headers.authorization,
      `bad key ${KEY} of ${USERNAME}`,
      encodeURIComponent(KEY),
      `see https://u:${KEY}@x${url}`,
    ],
  });

it.each<[string, Script]>([
  ["a refusal that repeats the credentials", echo],
  ["an HTML page", (response) => void response.writeHead(500, { "x-key": KEY }).end(`<p>${KEY}</p>`)],
  ["an answer that is not JSON", (response) => void response.end(KEY)],
  ["an answer of another shape", (response) => answer(response, 200, { subject: KEY, requester: KEY })],
  [
    "a redirect",
    (response) => void response.writeHead(307, { location: `http://${USERNAME}:x@127.0.0.1/` }).end(),
  ],
  ["no answer", hang()],
  ["a broken connection", (response) => response.destroy()],
  ["a 429", (response) => answer(response, 429, { error: KEY }, { "retry-after": "50" })],
])("the error of %s contains no credentials at any depth", async (_, script) => {
  const { error } = await failToCreate(script);
  expect(error).toBeInstanceOf(AppError);
  const all = inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true });
  for (const secret of [KEY, encodeURIComponent(KEY), USERNAME, CREDENTIALS, "Request {", "authorization"]) {
    expect(all).not.toContain(secret);
  }
});
