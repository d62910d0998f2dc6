/** A call of LiveChat's API. Its headers and body are not kept, because they can contain credentials. */
type Call = {
  method: string;
  /** Path and query. */
  url: string;
  /** In epoch milliseconds. */
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

  /** How many calls were made since the start or the last `clear`, also those that are no longer kept. */
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

  /** @returns how many calls were forgotten */
  clear(): number {
    const count = this.#count;
    this.#list = [];
    this.#count = 0;
    return count;
  }
}
