import type { HttpRequest } from "@azure/functions";
import * as v from "valibot";
import { expect, test } from "vitest";
import { TooLarge } from "../../shared/core/errors.ts";
import { understand } from "../../shared/http/understand.ts";

const CHUNK = 64 * 1024;

/** A request with a body of `chunks` chunks and without a Content-Length. */
function streamed(chunks: number) {
  let sent = 0;
  let cancelled = false;
  const body = new ReadableStream({
    pull(controller) {
      if (sent++ < chunks) controller.enqueue(new Uint8Array(CHUNK));
      else controller.close();
    },
    cancel() {
      cancelled = true;
    },
  });
  const request = { headers: new Headers(), query: new URLSearchParams(), params: {}, body };
  return {
    request: request as unknown as HttpRequest,
    state: () => ({ sent: Math.min(sent, chunks), cancelled }),
  };
}

test("a streamed body beyond the limit is refused before its rest is read and dropped", async () => {
  const { request, state } = streamed(100);
  const input = {
    delivery: {
      credentials: "basic" as const,
      maxBytes: 10 * CHUNK,
      schema: v.any(),
      verify() {},
      refused() {},
    },
  };
  await expect(understand({ input }, request)).rejects.toThrow(TooLarge);
  expect(state().sent).toBeLessThan(50);
  // An unread body would block the next request on the host's connection.
  await expect.poll(state).toEqual({ sent: 100, cancelled: false });
});
