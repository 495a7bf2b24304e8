/** Who does what a span tells: this process by itself, for somebody who asked it, or somebody else whom it asked. */
export type SpanKind = 'internal' | 'server' | 'client';

/** Never a secret, and of what was said only what `CONTENT` of `names.ts` has. */
export type AttributeValue = string | number | boolean;
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** Another span, of this trace or another. */
export interface SpanLink {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
}

/**
 * Something that was done, and is over. There is no other kind of span: one that is open would be lost with its process,
 * so what lasts as long as a call has one span at its beginning and one at its end. The values are plain: they go through
 * Redis as they are, and nobody who records one needs a package.
 */
export interface FinishedSpan extends SpanLink {
  /** The span under which it stands. It may have ended long ago, in another process. */
  readonly parentSpanId?: string | undefined;
  /** One of `SPAN`, or made by a function of `names.ts`. */
  readonly name: string;
  readonly kind: SpanKind;
  /** Milliseconds since 1970, with fractions. */
  readonly startMs: number;
  readonly endMs: number;
  /** By the names of `ATTRIBUTE` and `CONTENT`: any other is left out where spans are exported. */
  readonly attributes: Attributes;
  /** Why it failed: a stable code, such as `model.timeout`, never a message. Undefined where it did not. */
  readonly error?: string | undefined;
  readonly links?: readonly SpanLink[] | undefined;
}

/** Where spans go. Never waits and never throws. */
export interface SpanSink {
  record(span: FinishedSpan): void;
}

/** Where nobody wants any. */
export const noSpans: SpanSink = { record: () => {} };
