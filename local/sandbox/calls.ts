/** A call of LiveChat's API that the sandbox got. Neither header nor body is kept: both can hold credentials. */
export type Call = {
  method: string;
  /** Path and query. */
  url: string;
  /** Epoch milliseconds. */
  at: number;
  /** `null` until there is an answer. */
  status: number | null;
};

/** As many calls as are remembered: a sandbox that runs for days must not fill the memory with them. */
const KEPT = 10_000;

/** A record of the calls, the latest last. */
export class Calls {
  #list: Call[] = [];
  #count = 0;

  /** Calls since the start, forgotten ones included. */
  get count(): number {
    return this.#count;
  }

  get list(): readonly Call[] {
    return this.#list;
  }

  add(call: Call): Call {
    this.#count++;
    this.#list.push(call);
    if (this.#list.length > 2 * KEPT) this.#list = this.#list.slice(-KEPT);
    return call;
  }

  /** @returns how many were forgotten. */
  clear(): number {
    const count = this.#count;
    this.#list = [];
    this.#count = 0;
    return count;
  }
}
