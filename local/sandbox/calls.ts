/** A call of LiveChat's API. Its headers and body are not kept, because they can contain credentials. */
type Call = {
  method: string;
  /** Path and query. */
  url: string;
  /** The time of the call, in epoch milliseconds. */
  at: number;
  /** `null` before the answer. */
  status: number | null;
};

/** At least this many calls are kept. A sandbox that runs for days must not fill the memory. */
const KEPT_CALLS = 10_000;

/** The record of the calls, the latest last. */
export class Calls {
  #list: Call[] = [];
  #count = 0;

  /** The number of calls since the start or the last `clear`, including calls that are no longer kept. */
  get count(): number {
    return this.#count;
  }

  get list(): readonly Call[] {
    return this.#list;
  }

  add(call: Call): Call {
    this.#count++;
    this.#list.push(call);
    if (this.#list.length > 2 * KEPT_CALLS) this.#list = this.#list.slice(-KEPT_CALLS);
    return call;
  }

  /** @returns the number of forgotten calls */
  clear(): number {
    const count = this.#count;
    this.#list = [];
    this.#count = 0;
    return count;
  }
}
