import { expect, test } from "vitest";
import { Unauthorized } from "../../shared/core/errors.ts";
import { verifyCredentials } from "../../shared/receive/verify-sender.ts";

const current = { username: "livechat", password: "pass:with:colons and \u{1F511}" };
const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

test.each([
  basic("livechat:pass:with:colons and \u{1F511}"),
  basic("livechat:pass:with:colons and \u{1F511}").replace("Basic", "bAsIc"),
])("the right credentials are accepted: %s", (header) =>
  expect(() => verifyCredentials(header, [current])).not.toThrow(),
);

test("each of several accepted pairs of credentials is accepted", () => {
  const previous = { username: "livechat", password: "old" };
  expect(() => verifyCredentials(basic("livechat:old"), [current, previous])).not.toThrow();
});

test.each([
  null,
  "",
  "Basic",
  "Basic ",
  basic(""),
  basic(":"),
  basic("livechat:"),
  basic("livechat:pass"),
  basic("Livechat:pass:with:colons and \u{1F511}"),
  basic("livechat:pass:with:colons and \u{1F511} "),
  "Bearer livechat:pass:with:colons",
])("the header %j is refused", (header) =>
  expect(() => verifyCredentials(header, [current])).toThrow(Unauthorized),
);

test("without accepted credentials every delivery is refused", () => {
  for (const header of [null, "", basic(""), basic(":")]) {
    expect(() => verifyCredentials(header, [])).toThrow(Unauthorized);
  }
});
