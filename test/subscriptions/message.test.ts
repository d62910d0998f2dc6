import { CloudEvent, HTTP } from "cloudevents";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { type OutgoingEvent, toDelivery } from "../../shared/subscriptions/message.ts";
import { sign } from "../../shared/subscriptions/sign.ts";

const event = (seq: number, more: Partial<OutgoingEvent> = {}): OutgoingEvent => ({
  seq,
  id: `event-${seq}`,
  type: "chat_ended",
  chatId: `C${seq}`,
  occurredAt: "2026-01-31T08:00:00.000Z",
  receivedAt: "2026-01-31T08:00:01.000Z",
  payload: { chat: { id: `C${seq}` } },
  ...more,
});

test("a single payload is the body of the request", () => {
  expect(toDelivery([event(1)], { format: "payload", batch: 1 })).toEqual({
    id: "event-1",
    body: '{"chat":{"id":"C1"}}',
    headers: { "content-type": "application/json" },
  });
});

test("a batch of payloads is a list of items with their places, even with one event", () => {
  const { id, body, headers } = toDelivery([event(1), event(3)], { format: "payload", batch: 10 });
  expect(JSON.parse(body)).toEqual([1, 3].map((seq) => ({ ...event(seq), chatId: undefined })));
  expect(headers).toEqual({ "content-type": "application/json" });
  expect(id).toMatch(/^batch_[0-9a-f]{32}$/);
  expect(toDelivery([event(1), event(3)], { format: "payload", batch: 10 }).id).toBe(id);
  expect(toDelivery([event(1), event(4)], { format: "payload", batch: 10 }).id).not.toBe(id);
  const alone = toDelivery([event(1)], { format: "payload", batch: 10 });
  expect([alone.id, JSON.parse(alone.body).length]).toEqual(["event-1", 1]);
});

describe("CloudEvents, read by the SDK", () => {
  const attributes = {
    specversion: "1.0",
    id: "event-1",
    source: "urn:livechat:events",
    type: "com.livechat.chat_ended",
    time: "2026-01-31T08:00:00.000Z",
    subject: "C1",
    sequence: "0000000000000001",
    datacontenttype: "application/json",
    data: { chat: { id: "C1" } },
  };

  test("the CloudEvents SDK reads a single event in binary mode", () => {
    const { body, headers } = toDelivery([event(1)], { format: "cloudevents", batch: 1 });
    const read = HTTP.toEvent({ headers, body }) as CloudEvent<unknown>;
    expect(read.validate()).toBe(true);
    expect(read.toJSON()).toMatchObject(attributes);
  });

  test("the CloudEvents SDK reads a batch in structured mode", () => {
    const { body, headers } = toDelivery([event(1), event(2)], { format: "cloudevents", batch: 2 });
    expect(headers["content-type"]).toBe("application/cloudevents-batch+json");
    const read = HTTP.toEvent({ headers, body }) as CloudEvent<unknown>[];
    expect(read.map((one) => one.validate())).toEqual([true, true]);
    expect(read[0]?.toJSON()).toMatchObject(attributes);
  });

  test.each(['Größe 5" 100%', "線上", "a\r\nx-injected: 1", "💡", " "])(
    "the subject %j is percent-encoded into an ASCII header",
    (subject) => {
      const { headers } = toDelivery([event(1, { chatId: subject })], { format: "cloudevents", batch: 1 });
      expect(headers["ce-subject"]).toMatch(/^[!-~]+$/);
      expect(decodeURIComponent(headers["ce-subject"] ?? "")).toBe(subject);
    },
  );

  test("an event without a subject has no ce-subject header", () => {
    for (const subject of [undefined, ""]) {
      const { headers } = toDelivery([event(1, { chatId: subject })], { format: "cloudevents", batch: 1 });
      expect(headers).not.toHaveProperty("ce-subject");
      expect(() => new CloudEvent({ ...attributes, subject: undefined })).not.toThrow();
    }
  });
});

const now = Date.now();
const [old, fresh] = ["b2xkIHNlY3JldCBvZiAyNCBieXRlcyEh", "bmV3IHNlY3JldCBvZiAyNCBieXRlcyEh"].map(
  (secret) => `whsec_${secret}`,
) as [string, string];
const message = { id: "event-1", body: '{"a":1}' };

test("a signature verifies only with its secret", () => {
  const headers = sign(message, { secret: fresh }, now);
  expect(new Webhook(fresh).verify(message.body, headers)).toEqual({ a: 1 });
  expect(() => new Webhook(old).verify(message.body, headers)).toThrow();
});

test("a signature verifies with the former secret until that one expires", () => {
  const previousSecret = { secret: old, until: new Date(now + 1_000).toISOString() };
  const headers = sign(message, { secret: fresh, previousSecret }, now);
  expect(headers["webhook-signature"]?.split(" ")).toHaveLength(2);
  for (const secret of [old, fresh])
    expect(new Webhook(secret).verify(message.body, headers)).toEqual({ a: 1 });
  const later = sign(message, { secret: fresh, previousSecret }, now + 1_000);
  expect(() => new Webhook(old).verify(message.body, later)).toThrow();
  expect(new Webhook(fresh).verify(message.body, later)).toEqual({ a: 1 });
});
