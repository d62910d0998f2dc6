import { UpstreamTimeout } from "../core/errors.ts";
import { delay } from "./delay.ts";
import { type CallOptions, TOTAL_TIMEOUT } from "./send.ts";

/**
 * Shares the result of a load between calls, for a while. A failure is not kept.
 *
 * The load has its own time limit. The deadline and the signal of a call end only the waiting of this call. An operator's
 * call does not wait for a load with the priority `background`.
 *
 * @param freshFor the time for which a result is kept, in milliseconds. A call may ask for a younger result.
 */
export function shareLoad<Result>(load: (call: CallOptions) => Promise<Result>, freshFor: number) {
  let latest: { result: Promise<Result>; at: number; isBackground: boolean } | undefined;

  async function get(call: CallOptions = {}, youngerThan = freshFor): Promise<Result> {
    const { priority, onTurn } = call;
    const isBackground = priority === "background";
    // A background load may wait long for its turn, or be refused. So only background calls join it.
    const canJoin = latest && Date.now() - latest.at < youngerThan && (isBackground || !latest.isBackground);
    if (!latest || !canJoin) {
      const loading = { result: load({ priority, onTurn }), at: Date.now(), isBackground };
      latest = loading;
      loading.result.then(
        () => {
          loading.isBackground = false;
        },
        () => {
          if (latest === loading) latest = undefined;
        },
      );
    }
    return waitFor(latest.result, call);
  }

  return {
    get,
    /** The next call loads again. */
    forget(): void {
      latest = undefined;
    },
  };
}

/** @throws {UpstreamTimeout} at the deadline of the call, or the reason of its signal */
async function waitFor<Result>(
  result: Promise<Result>,
  { signal, deadline = Date.now() + TOTAL_TIMEOUT }: CallOptions,
): Promise<Result> {
  const done = new AbortController();
  const signals = signal ? [done.signal, signal] : [done.signal];
  const tooLate = delay(Math.max(0, deadline - Date.now()), AbortSignal.any(signals)).then(() => {
    throw new UpstreamTimeout("The deadline of this call passed while it waited for another call's answer.");
  });
  return Promise.race([result, tooLate]).finally(() => done.abort());
}
