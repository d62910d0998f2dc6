import type { TableClient, TransactionAction } from "@azure/data-tables";

type Stored = Record<string, unknown> & { rowKey: string; etag: string };
type Options = { abortSignal?: AbortSignal };

/**
 * A table in memory with the operations that appends need, for one partition and virtual time. Every request takes
 * `latencyMs`, and is carried out after half of that time.
 */
export class MemoryTable {
  readonly #rows = new Map<string, Stored>();
  readonly #latencyMs: number;
  #writes = 0;
  requests = 0;

  constructor(latencyMs: number) {
    this.#latencyMs = latencyMs;
  }

  /** The table for an instance of the log. */
  get client(): TableClient {
    return this as unknown as TableClient;
  }

  getEntity = (_partition: string, rowKey: string, options?: Options) =>
    this.#request(options, () => ({ ...(this.#rows.get(rowKey) ?? fail(404)) }));

  listEntities({ queryOptions }: { queryOptions: { filter: string } } & Options) {
    const [, from = "", before = ""] =
      /RowKey ge '(.*?)' and RowKey lt '(.*?)'/.exec(queryOptions.filter) ?? [];
    const request = () =>
      this.#request(undefined, () =>
        [...this.#rows.values()]
          .filter(({ rowKey }) => rowKey >= from && rowKey < before)
          .sort((a, b) => (a.rowKey < b.rowKey ? -1 : 1)),
      );
    return {
      async *byPage() {
        yield await request();
      },
    };
  }

  upsertEntity = (row: { rowKey: string }) => this.submitTransaction([["upsert", row as never]]);

  deleteEntity = (partitionKey: string, rowKey: string) =>
    this.submitTransaction([["delete", { partitionKey, rowKey }]]);

  submitTransaction = (actions: TransactionAction[], options?: Options) =>
    this.#request(options, () => {
      for (const [index, [kind, { rowKey }, , condition]] of actions.entries()) {
        const row = this.#rows.get(rowKey);
        if (kind === "create" && row) fail(409, index);
        if ((kind === "update" || kind === "delete") && !row) fail(404, index);
        if (condition?.etag && condition.etag !== row?.etag) fail(412, index);
      }
      return {
        subResponses: actions.map(([kind, entity, mode]) => {
          const etag = String(++this.#writes);
          const kept = mode === "Merge" ? this.#rows.get(entity.rowKey) : {};
          if (kind === "delete") this.#rows.delete(entity.rowKey);
          else this.#rows.set(entity.rowKey, { ...kept, ...entity, etag });
          return { etag };
        }),
      };
    });

  async #request<Answer>({ abortSignal }: Options = {}, work: () => Answer): Promise<Answer> {
    this.requests++;
    const pass = () => new Promise((resolve) => setTimeout(resolve, this.#latencyMs / 2));
    await pass();
    abortSignal?.throwIfAborted();
    let answer: () => Answer;
    try {
      const done = work();
      answer = () => done;
    } catch (error) {
      answer = () => {
        throw error;
      };
    }
    await pass();
    return answer();
  }
}

function fail(statusCode: number, index = 0): never {
  throw Object.assign(new Error(`${index}:Refused`), { statusCode });
}
