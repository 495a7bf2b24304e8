import { createHash, randomBytes } from 'node:crypto';
import type { NewId } from '../ids.ts';
import type { FinishedSpan } from './span.ts';

/** Where a span stands: what it is handed on by, to whoever does something on its behalf. */
export interface TraceParent {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits: the span under which the next one stands. */
  readonly spanId: string;
  /** Whether whoever handed it on keeps its own part of the trace. */
  readonly sampled: boolean;
}

/** https://www.w3.org/TR/trace-context/#traceparent-header (Recommendation of 2021-11-23), version 00. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);

/**
 * The one trace of a call, by its session's id: both halves know it without being told, also where a callback has lost
 * its header. The session's id cannot be found from it.
 */
export function traceIdOf(sessionId: string): string {
  const traceId = createHash('sha256').update(sessionId).digest('hex').slice(0, 32);
  return traceId === NO_TRACE ? `${traceId.slice(1)}1` : traceId;
}

/** Makes a span's id: 16 hex digits, never all zero. */
export const randomSpanIds: NewId = () => {
  const id = randomBytes(8).toString('hex');
  return id === NO_SPAN ? `${id.slice(1)}1` : id;
};

/** As the header `traceparent` has it, and the field of that name in a session. */
export function formatTraceParent({ traceId, spanId, sampled }: TraceParent): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/** Reads a `traceparent`; undefined where it is none, as it may come from anybody. */
export function parseTraceParent(header: string | undefined): TraceParent | undefined {
  const [, version, traceId, spanId, flags, more] = TRACEPARENT.exec(header ?? '') ?? [];
  if (version === undefined || traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  // A later version may have more; this one has not, and ff is none.
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (traceId === NO_TRACE || spanId === NO_SPAN) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/**
 * Where the spans of a session stand: under the entry span of its call where that is known, else at the top of the call's
 * own trace.
 * @param traceparent as the session has it. One of another trace is not the call's: it would tear the trace.
 */
export function callTraceOf(
  sessionId: string,
  traceparent: string | undefined,
): Pick<FinishedSpan, 'traceId' | 'parentSpanId'> {
  const traceId = traceIdOf(sessionId);
  const parent = parseTraceParent(traceparent);
  return parent?.traceId === traceId ? { traceId, parentSpanId: parent.spanId } : { traceId };
}
