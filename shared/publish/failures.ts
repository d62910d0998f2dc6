import { InvalidInput, TooLarge, UnsupportedMediaType } from "../core/errors.ts";
import type { ErrorClass, Operation } from "../http/operation.ts";
import { toProblemResponse } from "../http/problem.ts";

/** An error as it is answered. */
export type ErrorAnswer = {
  /** The kind of error; a client can tell it by the problem's `type`. */
  kind: string;
  status: number;
  title: string;
  /** An example answer; its `detail` is one of many. */
  problem: Record<string, unknown>;
};

/** 500: an unexpected error. */
const INTERNAL_ERROR = readError(undefined);

/** Statuses whose answers may say when to come back. */
export const RETRY_AFTER_STATUSES = new Set([429, 502, 503]);

/** Every way in which an operation can fail, each once, in the order of their statuses. */
export function failuresOf<Services>({ input, errors = [] }: Operation<Services>): ErrorAnswer[] {
  const classes = new Set<ErrorClass>([
    // A parameter that is not known is refused by every operation.
    InvalidInput,
    ...(input.body || input.delivery ? [TooLarge, UnsupportedMediaType] : []),
    ...errors,
  ]);
  return [...[...classes].map(toFailure), INTERNAL_ERROR].sort((a, b) => a.status - b.status);
}

function toFailure(Kind: ErrorClass): ErrorAnswer {
  if (Kind === InvalidInput) {
    const message = "requester.mail is required.";
    return readError(InvalidInput.at("requester.mail", message));
  }
  return readError(new Kind(`${new Kind("").title}.`));
}

/** Reads an error from the answer that it becomes. */
function readError(error: unknown): ErrorAnswer {
  const { type, title, status, ...rest } = JSON.parse(String(toProblemResponse(error).body));
  return { kind: type.split(":").at(-1), status, title, problem: { type, title, status, ...rest } };
}

/** Describes the answer that these errors share. */
export function describeFailures(failures: readonly ErrorAnswer[]): string {
  return `${failures.map(({ title }) => title).join(". Or: ")}.`;
}
