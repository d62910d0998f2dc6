import { expect, test } from "vitest";
import { send } from "../../shared/subscriptions/send.ts";
import type { Subscription } from "../../shared/subscriptions/subscription.ts";
import { memoryLog } from "./world.ts";

const subscription = {
  url: "https://example.com/hook",
  format: "payload",
  batch: 1,
  secret: `whsec_${Buffer.alloc(32).toString("base64")}`,
} as Subscription;

const emoji = "\u{1F4A1}";

test.each([
  ["an emoji across its end", `${"a".repeat(199)}${emoji}`, `${"a".repeat(199)}…`],
  ["an emoji before its end", `${"a".repeat(197)}${emoji}bcd`, `${"a".repeat(197)}${emoji}…`],
  ["half a surrogate pair", "a\uD83D", "a\uFFFD"],
])("the excerpt of an answer with %s is well-formed text", async (_, excerpt, expected) => {
  const post = async () => ({ status: 500, excerpt });
  const sent = await send([memoryLog().append()], subscription, { post, now: Date.now });
  expect(sent.excerpt).toBe(expected);
});
