import type { HttpRequest } from "@azure/functions";
import type * as v from "valibot";
import type { AppError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";

/** A schema for an object whose keys are parameters or fields. */
type ObjectSchema = v.GenericSchema<Record<string, unknown>, Record<string, unknown>>;

/** What an operation reads from a request: each part by its own schema. */
// biome-ignore lint/suspicious/noExplicitAny: the services of any app
export type Input<Services = any> = {
  /** The parameters of the route, by their names in it. */
  path?: ObjectSchema;
  /** The query; a parameter that is given without a value counts as one that is not given. */
  query?: ObjectSchema;
  /** The JSON body, at most {@link MAX_JSON_BYTES}. */
  body?: v.GenericSchema;
  /** Reads the body as it came instead. */
  delivery?: Delivery<Services>;
};

/** A body that a webhook sends. Its sender is verified before it is read, and no delivery is refused unseen. */
export type Delivery<Services> = {
  /** Describes the body for the reference; the body is not validated. */
  schema: v.GenericSchema;
  maxBytes: number;
  /** @throws {AppError} when the sender may not deliver here */
  verify(request: Pick<HttpRequest, "headers" | "query">, services: Services): void;
  /** Called with the error that a delivery is about to be answered with. */
  refused(error: unknown, call: Call, services: Services): void;
};

/** What `run` is given: every part of the request that the operation declares, understood. */
export type Understood<I extends Input> = {
  path: I["path"] extends v.GenericSchema ? v.InferOutput<I["path"]> : undefined;
  query: I["query"] extends v.GenericSchema ? v.InferOutput<I["query"]> : undefined;
  body: I["body"] extends v.GenericSchema ? v.InferOutput<I["body"]> : undefined;
  raw: I["delivery"] extends object ? Uint8Array : undefined;
};

/** The invocation that an operation runs in. */
export type Call = {
  /** The request's address without its query: a function key may be in there. */
  url: URL;
  headers: Headers;
  /** Limits of a request with an `Idempotency-Key`, for the call that makes the change. */
  permit?: Permit;
  /** Writes one structured line; never give it content of chats, addresses of people, or URLs. */
  log: Log;
};

/** An answer: what the output schema describes, and the headers that go with it. */
export type Answer<Body> = {
  body?: Body;
  /** Sent as it is in place of `body`. */
  text?: string;
  /** Only where it differs from the operation's own. */
  status?: number;
  headers?: Record<string, string>;
};

/** An answer as it is sent. */
export type Reply = { status: number; headers: Record<string, string>; body?: string };

/** What an operation answers when it succeeds. */
export type Output<O extends v.GenericSchema> = {
  status: number;
  description: string;
  /** `v.undefined()` for an answer without a body. */
  schema: O;
  /** Headers by their names, as they are read: a number is a number. */
  headers?: ObjectSchema;
  /** The media type, where it is not JSON. */
  type?: string;
  /** What a parameter can ask for instead: descriptions by media type. Each is text. */
  otherTypes?: Readonly<Record<string, string>>;
  /** What else it may answer, in the same shape: descriptions by status. */
  otherStatuses?: Readonly<Record<number, string>>;
};

/** A kind of error, by its class. */
export type ErrorClass = new (detail: string) => AppError;

/**
 * One operation, said once. Its registration with Azure Functions, the validation of what comes in, and everything
 * that is published about it are derived from this.
 */
export type Operation<
  Services,
  I extends Input<Services> = Input<Services>,
  O extends v.GenericSchema = v.GenericSchema,
> = {
  /** The name that flows store, and the function's name in Azure. */
  id: string;
  /** A few words, as a heading. */
  summary: string;
  /** Full sentences. */
  description: string;
  /** The heading under which the reference shows it. */
  tag: string;
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** Azure's route template, without the prefix of `host.json`. */
  route: string;
  /** `key`: the host asks for a function key; `anonymous`: it does not. A delivery has credentials of its own. */
  access: "key" | "anonymous";
  input: I;
  output: Output<O>;
  /** What it can end in, beside what is wrong with the request itself. */
  errors?: readonly ErrorClass[];
  /** Its place in the connector for Power Automate: an action, or a call that flows make by themselves. */
  connector?: "action" | "internal";
  /** Makes it a trigger of that connector: a subscription whose `url` gets this body, whenever there is one. */
  trigger?: { notification: v.GenericSchema };
  /** What a call changes, for the reference's warning; the app's own storage, unless it is a GET or says otherwise. */
  writes?: "LiveChat" | "nothing";
  /** Makes it take an `Idempotency-Key`. */
  repeatable?: Repeatable<Services, I, O>;
  run(input: Understood<I>, services: Services, call: Call): Promise<Answer<v.InferInput<O>>>;
};

/** A search for what an attempt made whose answer was lost. */
export type Search = {
  /** When the attempt began, in ISO 8601. */
  since: string;
  /** When the search must be over, in milliseconds since the epoch by this process's own clock. */
  deadline: number;
  /** Takes what was found, by its name; `false` when another key made it. */
  claim(name: string): Promise<boolean>;
};

/** What makes a change upstream must keep to this, so that the change is not made twice. */
export type Permit = {
  /** When it must be over, in milliseconds since the epoch by this process's own clock. */
  deadline: number;
  /** Must be awaited right before each request. @throws {Conflict} when another instance has taken over */
  beforeSend(): Promise<void>;
};

/** What it takes to do an operation once, however often it is asked for with the same key. */
export type Repeatable<Services, I extends Input<Services>, O extends v.GenericSchema> = {
  /** Names what was made, apart from all else that the operation makes; `undefined` when the answer does not show it. */
  nameOf(made: v.InferInput<O>, input: Understood<I>): string | undefined;
  /** Looks upstream for what an earlier attempt at the same may have made. */
  find(input: Understood<I>, services: Services, search: Search): Promise<v.InferInput<O> | undefined>;
};

/** Gives a declaration its types: `const operation = declare<Services>()`, then `operation({ … })`. */
export function declare<Services>() {
  return <const I extends Input<Services>, const O extends v.GenericSchema>(
    declaration: Operation<Services, I, O>,
  ) => declaration;
}

/** The largest JSON body that an operation reads, in bytes. */
export const MAX_JSON_BYTES = 1024 * 1024;
