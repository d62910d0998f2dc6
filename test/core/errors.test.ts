import { expect, test } from "vitest";
import { NotFound, UpstreamFailed } from "../../shared/core/errors.ts";
import { describeFailure } from "../../shared/core/log.ts";

const DOUBT = "The request may have taken effect.";

test("addDoubt adds one sentence to the message, the summary and the log line", () => {
  const error = new NotFound("No such agent.", { upstream: { words: "Gone" } });
  error.addDoubt();
  error.addDoubt();
  expect(error.outcomeUnknown).toBe(true);
  expect(error.summary).toBe(`No such agent. ${DOUBT}`);
  expect(error.message).toBe(`No such agent. ${DOUBT} It says: Gone`);
  expect(JSON.stringify(describeFailure(error))).toContain(`No such agent. ${DOUBT}`);
});

test("an error that begins with an unknown outcome has the sentence once", () => {
  const error = new UpstreamFailed("LiveChat failed (500).", { outcomeUnknown: true });
  error.addDoubt();
  expect(error.message).toBe(`LiveChat failed (500). ${DOUBT}`);
});
