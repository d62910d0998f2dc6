import { randomBytes } from "node:crypto";
import fc from "fast-check";
import * as v from "valibot";
import { describe, expect, inject, test } from "vitest";
import {
  Conflict,
  InvalidInput,
  KeyReused,
  StorageUnavailable,
  TooManyRequests,
  UpstreamFailed,
  UpstreamTimeout,
} from "../../../shared/core/errors.ts";
import { type KeyedRequest, openIdempotency } from "../../../shared/http/idempotency/idempotency.ts";
import { idempotencyKey } from "../../../shared/http/idempotency/key.ts";
import { answersPlace } from "../../../shared/http/idempotency/people.ts";
import { fingerprintOf } from "../../../shared/http/idempotency/record.ts";
import type { Reply } from "../../../shared/http/operation.ts";
import { NewerFormat } from "../../../shared/storage/format.ts";
import { openTable } from "../../../shared/storage/open-table.ts";
import {
  answer,
  answerAfter,
  cutAfter,
  cutBefore,
  type Fault,
  makeNewer,
  inject as withFaults,
} from "../../storage/faults.ts";

const HOUR = 60 * 60_000;
const open = (name: string) => openTable({ connectionString: inject("storage") }, name);
const problem = (error: { status: number; message: string }): Reply => ({
  status: error.status,
  headers: { "content-type": "application/problem+json" },
  body: error.message,
});
const created = (id: string): Reply => ({ status: 201, headers: { "x-id": id }, body: `{"id":"${id}"}` });

/** A request that creates `id`; `more` replaces its members. */
const attempt = (key: string, more: Partial<KeyedRequest> = {}): KeyedRequest => ({
  scope: "CreateTicket",
  key,
  content: { message: "Dark lamp" },
  act: async () => ({ reply: created(key), made: `ticket ${key}` }),
  find: async () => undefined,
  toReply: problem,
  ...more,
});
const fails = (error: Error) => ({ act: async () => Promise.reject(error) });
const never = {
  act: async () => Promise.reject(new Error("done twice")),
  find: async () => Promise.reject(new Error("looked")),
};

test.each([
  ['"8e03978e-40d5-43e8-bc93-6894a57f9324"', "8e03978e-40d5-43e8-bc93-6894a57f9324"],
  ["8e03978e-40d5-43e8-bc93-6894a57f9324", "8e03978e-40d5-43e8-bc93-6894a57f9324"],
  ['  "with space, and \\"quotes\\" \\\\"  ', 'with space, and "quotes" \\'],
  [`"${"k".repeat(255)}"`, "k".repeat(255)],
])("the Idempotency-Key %s is read", (header, key) => {
  expect(v.parse(idempotencyKey, header)).toBe(key);
});

test.each([
  "",
  '""',
  '"',
  '"a',
  'a"b',
  '"a"b"',
  '"a", "b"',
  "a, b",
  "ключ",
  '"ключ"',
  '"tab\t"',
  '"\\x"',
  `"${"k".repeat(256)}"`,
  "a b",
])("the Idempotency-Key %j is refused", (header) => {
  expect(v.is(idempotencyKey, header)).toBe(false);
});

describe("openIdempotency", () => {
  const table = open("IdempotencyKeys");
  let clock = Date.parse("2026-01-15T12:00:00.000Z");
  const { once } = openIdempotency({ table, now: () => clock });
  const elsewhere = openIdempotency({ table, now: () => clock });

  test("a key repeated within a day gets the first answer on every instance", async () => {
    expect(await once(attempt("a"))).toEqual({ reply: created("a"), repeated: false });
    expect(await elsewhere.once(attempt("a", never))).toEqual({ reply: created("a"), repeated: true });
    clock += 24 * HOUR - 1;
    expect((await once(attempt("a", never))).repeated).toBe(true);
    clock += 1;
    expect((await once(attempt("a"))).repeated).toBe(false);
  });

  test("a key of another operation is independent", async () => {
    await once(attempt("b"));
    expect((await once(attempt("b", { scope: "CreateAgent" }))).repeated).toBe(false);
  });

  test("a key with another body is refused", async () => {
    await once(attempt("b1"));
    await expect(once(attempt("b1", { content: { message: "Other" } }))).rejects.toThrow(KeyReused);
  });

  test("a key with the same body in another order is repeated", async () => {
    const inAnotherOrder = { content: { b: [{ y: 1, x: 2 }], a: 1 } };
    await once(attempt("b2", inAnotherOrder));
    const { repeated } = await once(attempt("b2", { content: { a: 1, b: [{ x: 2, y: 1 }] } }));
    expect(repeated).toBe(true);
  });

  test("a repetition during the first request is a Conflict with Retry-After", async () => {
    const begun = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const act: KeyedRequest["act"] = async () => {
      begun.resolve();
      await gate.promise;
      return { reply: created("c"), made: "ticket c" };
    };
    const first = once(attempt("c", { act }));
    await begun.promise;
    const second = await elsewhere.once(attempt("c", never)).catch((error) => error);
    expect(second).toBeInstanceOf(Conflict);
    expect(second.retryAfter).toBe(30);
    gate.resolve();
    expect((await first).repeated).toBe(false);
    expect((await elsewhere.once(attempt("c", never))).repeated).toBe(true);
  });

  test("a refusal is stored as the answer of its key", async () => {
    await expect(once(attempt("d", fails(new InvalidInput("No such agent."))))).rejects.toThrow(InvalidInput);
    expect((await once(attempt("d", never))).reply).toMatchObject({ status: 400, body: "No such agent." });
  });

  test("an attempt that changed nothing frees its key", async () => {
    for (const error of [new TooManyRequests("Later."), new UpstreamFailed("LiveChat cannot be reached.")]) {
      await expect(once(attempt("e", fails(error)))).rejects.toThrow(error);
    }
    const { repeated } = await once(attempt("e", { find: never.find }));
    expect(repeated).toBe(false);
  });

  test("after an unknown outcome, a search answers the key once its attempt has ended", async () => {
    const lost = fails(new UpstreamTimeout("?", { outcomeUnknown: true }));
    const began = new Date(clock).toISOString();
    await expect(once(attempt("f", lost))).rejects.toThrow(UpstreamTimeout);

    // The first attempt can still take effect, so a search without a result does not allow another attempt.
    clock += 3_000;
    const early = await once(attempt("f", { act: never.act })).catch((error) => error);
    expect(early).toBeInstanceOf(Conflict);
    expect(early.retryAfter).toBe(7);
    clock += 7_000;
    const searches: string[] = [];
    const found = async ({ since, claim }: Parameters<KeyedRequest["find"]>[0]) => {
      searches.push(since);
      return (await claim("ticket f")) ? created("f") : undefined;
    };
    expect(await elsewhere.once(attempt("f", { ...never, find: found }))).toEqual({
      reply: created("f"),
      repeated: true,
    });
    expect(searches).toEqual([began]);
    expect((await once(attempt("f", never))).reply).toEqual(created("f"));
  });

  test("every retry after a lost answer searches before it runs, until one has an answer", async () => {
    const lost = fails(new UpstreamFailed("cut", { outcomeUnknown: true }));
    let searches = 0;
    const find = async () => {
      searches++;
      return undefined;
    };
    for (const more of [lost, lost, fails(new TooManyRequests("Later.")), {}]) {
      await once(attempt("g", { find, ...more })).catch(() => {});
      clock += 10_000;
    }
    expect(searches).toBe(3);
    expect((await once(attempt("g", never))).repeated).toBe(true);
  });

  test("a search does not claim a ticket of another key", async () => {
    await once(attempt("h1"));
    await once(attempt("h2", fails(new UpstreamTimeout("?", { outcomeUnknown: true })))).catch(() => {});
    clock += 10_000;
    const { reply } = await once(
      attempt("h2", { find: async ({ claim }) => ((await claim("ticket h1")) ? created("h1") : undefined) }),
    );
    expect(reply).toEqual(created("h2"));
  });

  test("the key of a dead process is free once its attempt must have ended", async () => {
    const begun = Promise.withResolvers<void>();
    const dying: KeyedRequest["act"] = () => {
      begun.resolve();
      return new Promise(() => {});
    };
    void once(attempt("i", { act: dying }));
    await begun.promise;
    const next = () => elsewhere.once(attempt("i", { act: never.act, find: async () => created("i") }));
    clock += 29_999;
    await expect(next()).rejects.toThrow(Conflict);
    clock += 1;
    expect(await next()).toEqual({ reply: created("i"), repeated: true });
  });

  test("an answer too large for a row is found upstream by the next request", async () => {
    const huge = { status: 201, headers: {}, body: randomBytes(1_200_000).toString("base64") };
    await once(attempt("j", { act: async () => ({ reply: huge, made: "ticket j" }) }));
    clock += 30_000;
    expect((await once(attempt("j", { act: never.act, find: async () => huge }))).reply).toEqual(huge);
  });

  test("a key and its claims are removed after a day", async () => {
    clock += 25 * HOUR;
    await once(attempt("young"));
    let removed = 0;
    for await (const step of answersPlace({ table, now: () => clock }).retain("")) removed += step.removed;
    expect(removed).toBeGreaterThan(15);
    const left = [];
    for await (const { rowKey } of table.listEntities()) left.push(rowKey);
    expect(left).toHaveLength(2);
    expect((await once(attempt("young", never))).repeated).toBe(true);
  });
});

test("without storage a request with a key fails before it acts", async () => {
  const away = openTable(
    {
      connectionString:
        "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:1/a;",
    },
    "Away",
  );
  await expect(openIdempotency({ table: away }).once(attempt("k", never))).rejects.toThrow(
    StorageUnavailable,
  );
});

test("the fingerprint of a content depends on the key", () => {
  const body = { login: "ana@example.com", password: "12345" };
  expect(fingerprintOf(body, "one key")).not.toBe(fingerprintOf(body, "another key"));
});

describe("simulated failures", () => {
  /** The result of an attempt to create the ticket. */
  const fate = fc.constantFrom(
    "made",
    "made",
    "made, answer lost",
    "made late, answer lost",
    "not made, answer lost",
    "refused for now",
    "dies before",
    "dies after",
    "made late, dies",
  );
  /** The result of a request to storage. */
  const fine: Fault = (send) => send();
  const fault = fc.constantFrom(fine, fine, fine, fine, cutBefore, cutAfter, answer(503), answerAfter(500));

  test("with any failures one ticket is created, with one answer", async () => {
    let schedule = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fate, { maxLength: 6 }),
        fc.array(
          fc.record({
            pause: fc.constantFrom(0, 1_000, 6_000, 10_000, 31_000),
            together: fc.integer({ min: 1, max: 3 }),
          }),
          {
            maxLength: 8,
          },
        ),
        fc.array(fault, { maxLength: 20 }),
        async (fates, rounds, faults) => {
          const table = withFaults(open("IdempotencyFates"), (send, request) =>
            (faults.shift() ?? fine)(send, request),
          );
          const key = `schedule ${schedule++} ${crypto.randomUUID()}`;
          let clock = 0;
          const made: { id: string; at: number }[] = [];
          const hosts = [1, 2, 3].map(() => openIdempotency({ table, now: () => clock }));
          const answers = new Set<string | undefined>();

          const nameOf = (id: string) => `ticket ${key} ${id}`;
          const find: KeyedRequest["find"] = async ({ claim }) => {
            for (const { id, at } of made) if (at <= clock && (await claim(nameOf(id)))) return created(id);
            return undefined;
          };
          const ask = async (host: number) => {
            const death = Promise.withResolvers<undefined>();
            const act: KeyedRequest["act"] = async () => {
              const fate = fates.shift() ?? "made";
              const id = `T${made.length}`;
              // A late ticket appears within the settling time.
              const at = clock + (fate.includes("late") ? 9_000 : 0);
              if (fate.startsWith("made") || fate === "dies after") made.push({ id, at });
              if (fate.includes("dies")) {
                death.resolve(undefined);
                return new Promise(() => {});
              }
              if (fate === "refused for now") throw new TooManyRequests("Later.");
              if (fate.includes("lost")) throw new UpstreamFailed("cut", { outcomeUnknown: true });
              return { reply: created(id), made: nameOf(id) };
            };
            const asked = hosts[host % 3]?.once(attempt(key, { act, find })).catch(() => undefined);
            const answer = await Promise.race([asked, death.promise]);
            if (answer) answers.add(answer.reply.body);
          };

          for (const { pause, together } of rounds) {
            await Promise.all(Array.from({ length: together }, (_, host) => ask(host)));
            clock += pause;
          }
          for (let patience = 0; answers.size === 0 && patience < 20; patience++) {
            clock += 31_000;
            await ask(patience);
          }
          expect(made).toHaveLength(1);
          expect([...answers]).toEqual([created("T0").body]);
        },
      ),
      { numRuns: process.env.LONG ? 1_000 : 15 },
    );
  }, 300_000);
});

test("a key of a newer build is refused before anything is done", async () => {
  const table = open(`Newer${crypto.randomUUID().replaceAll("-", "")}`);
  const { once } = openIdempotency({ table });
  await once(attempt("K"));
  await makeNewer(table);
  await expect(once(attempt("K", never))).rejects.toThrow(NewerFormat);
});
