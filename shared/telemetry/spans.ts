import {
  type Attributes,
  context,
  isSpanContextValid,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { AppError } from "../core/errors.ts";

export { type Span, SpanKind, SpanStatusCode } from "@opentelemetry/api";

/** The headers of W3C Trace Context. */
type TraceParent = { traceParent?: string; traceState?: string };

type SpanOptions = {
  kind?: SpanKind;
  attributes?: Attributes;
  /** The parent span, instead of the current one. */
  parent?: TraceParent;
  /** With `parent`: also links the span to the current one. */
  linkToCurrent?: boolean;
};

const tracer = () => trace.getTracer("livechat-functions");

/**
 * Runs `work` in a span; without telemetry, this costs nothing. Names and attributes are kinds, counts and the app's
 * own ids: no content, no addresses of people, no URLs.
 */
export async function inSpan<T>(
  name: string,
  work: (span: Span) => Promise<T>,
  { kind = SpanKind.INTERNAL, attributes, parent, linkToCurrent }: SpanOptions = {},
): Promise<T> {
  const under = trace.getSpan(context.active());
  const within = parent?.traceParent === undefined ? context.active() : contextOf(parent);
  const links = linkToCurrent && under ? [{ context: under.spanContext() }] : [];
  return tracer().startActiveSpan(name, { kind, attributes, links }, within, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      markAsFailed(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
}

type EndedSpanOptions = Pick<SpanOptions, "kind" | "attributes"> & {
  /** Milliseconds. */
  duration: number;
  /** The kind of the error. */
  failed?: string;
};

/** Adds a span that ends now. */
export function addSpan(name: string, { duration, failed, ...options }: EndedSpanOptions): void {
  const end = Date.now();
  const span = tracer().startSpan(name, { ...options, startTime: end - duration });
  if (failed !== undefined) span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute("error.type", failed);
  span.end(end);
}

/** Marks a span as failed with the error's kind only: its message may contain personal data. */
function markAsFailed(span: Span, error: unknown): void {
  const kind = error instanceof AppError ? error.kind : error instanceof Error ? error.name : "unknown";
  span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute("error.type", kind);
}

/** The current span as W3C `traceparent`; `undefined` if it is not recorded. */
export function currentTrace(): string | undefined {
  const span = trace.getSpan(context.active());
  if (!span?.isRecording() || !isSpanContextValid(span.spanContext())) return undefined;
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
}

function contextOf({ traceParent, traceState }: TraceParent) {
  return propagation.extract(context.active(), { traceparent: traceParent, tracestate: traceState });
}
