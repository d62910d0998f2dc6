import { expect, test } from "vitest";
import { NotFound, StorageUnavailable, UpstreamFailed } from "../../shared/core/errors.ts";
import { judgeLiveChatFailure } from "../../shared/health/check-livechat.ts";
import { judgeStorageFailure } from "../../shared/health/check-storage.ts";

test.each([
  [
    { status: 403, code: "AuthorizationFailure" },
    "Storage Table Data Contributor",
    " (403 AuthorizationFailure) ",
  ],
  [{ status: 401, code: "InvalidAuthenticationInfo" }, "Storage Table Data Contributor", " (401 Invalid"],
  [{ code: "ENOTFOUND" }, "firewall", " (ENOTFOUND) "],
  [{ status: 503, code: "ServerBusy" }, "firewall", " (503 ServerBusy) "],
])(
  "the advice on failed storage depends on the status, not on the message: %j",
  (upstream, advice, shown) => {
    const finding = judgeStorageFailure(new StorageUnavailable("Any words.", { upstream }));
    expect(finding.action).toContain(advice);
    expect(finding.detail).toContain(shown);
  },
);

test("a finding about LiveChat shows the error's code if the error has one", () => {
  const unreachable = new UpstreamFailed("LiveChat cannot be reached.", {
    upstream: { code: "ECONNREFUSED" },
  });
  expect(judgeLiveChatFailure(unreachable).detail).toBe("LiveChat cannot be reached. (ECONNREFUSED)");
  const failed = new UpstreamFailed("LiveChat failed (500).", { upstream: { status: 500 } });
  expect(judgeLiveChatFailure(failed).detail).toBe("LiveChat failed (500).");
});

test("judgeStorageFailure throws errors of other kinds", () => {
  expect(() => judgeStorageFailure(new NotFound("No."))).toThrow(NotFound);
});
