import { InvalidInput, TooLarge, UnsupportedMediaType } from "../core/errors.ts";
import type { ErrorClass, Operation } from "../http/operation.ts";
import { toProblemResponse } from "../http/problem.ts";

/** A kind of error, with the answer that it becomes. */
export type ErrorAnswer = {
  /** The last part of the problem's `type`. */
  kind: string;
  status: number;
  title: string;
  /** An example answer. Its `detail` is one of many. */
  problem: Record<string, unknown>;
};

/** The answer to an unexpected error: 500. */
const INTERNAL_ERROR = readError(undefined);

/** Statuses whose answers may have the header Retry-After. */
export const RETRY_AFTER_STATUSES = new Set([429, 502, 503]);

/** All errors of an operation, each once, in the order of their statuses. */
export function failuresOf<Services>({ input, errors = [] }: Operation<Services>): ErrorAnswer[] {
  const classes = new Set<ErrorClass>([
    // Every operation refuses unknown parameters.
    InvalidInput,
    ...(input.body || input.delivery ? [TooLarge, UnsupportedMediaType] : []),
    ...errors,
  ]);
  return [...[...classes].map(toFailure), INTERNAL_ERROR].sort((a, b) => a.status - b.status);
}

function toFailure(Kind: ErrorClass): ErrorAnswer {
  const path = "requester.mail";
  if (Kind === InvalidInput) return readError(InvalidInput.at(path, `${path} is required.`));
  return readError(new Kind(`${new Kind("").title}.`));
}

/** Describes an error by the answer that it becomes. */
function readError(error: unknown): ErrorAnswer {
  const { type, title, status, ...rest } = JSON.parse(String(toProblemResponse(error).body));
  return { kind: type.split(":").at(-1), status, title, problem: { type, title, status, ...rest } };
}

/** Describes the answer of one status by the titles of its errors. */
export function describeFailures(failures: readonly ErrorAnswer[]): string {
  return `${failures.map(({ title }) => title).join(". Or: ")}.`;
}
