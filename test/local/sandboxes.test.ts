import { expect, test } from "vitest";
import { wantsSandbox } from "../../local/sandboxes.ts";

test.each([
  [{}, false, true],
  [{ LIVECHAT_API_KEY: "dal:sandbox-api-key", LIVECHAT_API: "text" }, false, true],
  [{ LIVECHAT_API_KEY: "dal:real" }, false, false],
  [{}, true, false],
  [{ LIVECHAT_API_URL: "http://127.0.0.1:7072/" }, true, true],
  [{ LIVECHAT_API_URL: "https://api.livechatinc.com" }, false, false],
])("npm start with the settings %o (from a file: %s) runs the sandbox: %s", (given, hasFile, expected) => {
  expect(wantsSandbox(given, { hasFile, sandboxUrl: "http://127.0.0.1:7072" })).toBe(expected);
});
