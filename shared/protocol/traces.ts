/**
 * What the emulator tells of the telemetry that it was sent, at `/telemetry/`: the page, `npm run trace` and tests read it.
 * Of Azure Monitor there is no such thing: there it is asked by queries.
 */

export type SpanKind = 'server' | 'client' | 'internal' | 'producer' | 'consumer';

/** One span as it arrived, or one of the items that Application Insights makes of it. */
export interface TraceSpan {
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  /** Which half it is of: the cloud role, or the service's name. */
  readonly role: string;
  readonly kind: SpanKind;
  /** Of a dependency, such as `Http` or `redis`. */
  readonly type?: string;
  /** Whom a dependency's call went to. Without it the call is not on the map. */
  readonly target?: string;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  readonly durationMs: number;
  readonly success: boolean;
  readonly resultCode?: string;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

/** Something that was told within a trace and has no length: a line of the log, an exception, an event. */
export interface TraceEvent {
  readonly name: string;
  readonly role: string;
  readonly kind: 'log' | 'exception' | 'event';
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly spanId?: string;
  readonly attributes: TraceSpan['attributes'];
}

export interface TraceSummary {
  readonly traceId: string;
  /** Undefined where no span has told it. */
  readonly sessionId?: string;
  /** Of its first span. */
  readonly name: string;
  readonly startMs: number;
  /** From the first start to the last end. */
  readonly durationMs: number;
  readonly roles: readonly string[];
  readonly spans: number;
  readonly failures: number;
}

/** The answer of `GET /telemetry/traces`: the newest first. */
export interface TraceList {
  readonly traces: readonly TraceSummary[];
  /** What had no room any more. */
  readonly dropped: { readonly traces: number; readonly spans: number };
}

/** The answer of `GET /telemetry/traces/{traceId}`. */
export interface Trace extends TraceSummary {
  readonly items: readonly TraceSpan[];
  readonly events: readonly TraceEvent[];
}

/** All calls of one half to one target. */
export interface MapEdge {
  readonly role: string;
  readonly type: string;
  readonly target: string;
  readonly calls: number;
  readonly failures: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** The answer of `GET /telemetry/map`. */
export interface DependencyMap {
  readonly edges: readonly MapEdge[];
}

/** What a span is of, for its colour and its mark. */
export type SpanPart = 'call' | 'turn' | 'acs' | 'redis' | 'speech' | 'model' | 'tool' | 'storage' | 'other';

/** A line of the waterfall. */
export interface WaterfallRow {
  readonly span: TraceSpan;
  readonly depth: number;
  /** From the start of the trace. */
  readonly offsetMs: number;
  readonly part: SpanPart;
}

/** How deep lines are moved in: what lies deeper stays there. */
const DEEPEST = 12;

/**
 * The spans of a trace in the order of a waterfall: children under their parent, by their start. One whose parent has not
 * arrived stands at the top, as in Application Insights.
 */
export function waterfallOf({ items, startMs }: Pick<Trace, 'items' | 'startMs'>): WaterfallRow[] {
  const byStart = [...items].sort((one, other) => one.startMs - other.startMs || other.durationMs - one.durationMs);
  const known = new Set(items.map(({ spanId }) => spanId));
  const children = new Map<string, TraceSpan[]>();
  const tops: TraceSpan[] = [];
  for (const span of byStart) {
    const { spanId, parentSpanId } = span;
    if (parentSpanId === undefined || parentSpanId === spanId || !known.has(parentSpanId)) tops.push(span);
    else {
      const siblings = children.get(parentSpanId) ?? [];
      siblings.push(span);
      children.set(parentSpanId, siblings);
    }
  }
  const rows: WaterfallRow[] = [];
  const shown = new Set<TraceSpan>();
  // By hand: a chain of spans may be longer than the stack is deep. What is next stands at the end.
  const place = (top: TraceSpan) => {
    const open = [{ span: top, depth: 0 }];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { span, depth } = next;
      if (shown.has(span)) continue;
      shown.add(span);
      rows.push({ span, depth, offsetMs: span.startMs - startMs, part: partOf(span) });
      for (const child of (children.get(span.spanId) ?? []).toReversed()) {
        open.push({ span: child, depth: Math.min(DEEPEST, depth + 1) });
      }
    }
  };
  for (const top of tops) place(top);
  // Spans that name each other as their parent have no top.
  for (const span of byStart) if (!shown.has(span)) place(span);
  return rows;
}

const PARTS: readonly (readonly [SpanPart, RegExp])[] = [
  ['redis', /redis/i],
  ['tool', /execute_tool|\btool\b/i],
  ['model', /openai|voice.?live|realtime|gen_ai|^chat\b|\bmodel\b/i],
  ['speech', /speech|recogni|synthes|\bstt\b|\btts\b/i],
  ['storage', /blob|storage/i],
  ['acs', /\bacs\b|communication|call.?automation/i],
];

/** By its name, type and target. */
export function partOf({ name, type = '', target = '', kind }: TraceSpan): SpanPart {
  const told = kind === 'client' ? [type, target, name] : [name];
  for (const text of told) {
    const found = PARTS.find(([, pattern]) => pattern.test(text));
    if (found) return found[0];
  }
  if (kind === 'client') return 'other';
  return /\bturn\b/i.test(name) ? 'turn' : 'call';
}

/** What a dependency's span says of itself; Azure's exporter has made another name of it (`shared/telemetry/names.ts`). */
const DEPENDENCY = 'parley.dependency';
const OPERATION = 'parley.operation';
const TURN = 'parley.turn.number';
const FAULT = 'parley.fault';

/** What a person is shown for its name. */
export function titleOf({ name, attributes }: Pick<TraceSpan, 'name' | 'attributes'>): string {
  const { [DEPENDENCY]: dependency, [OPERATION]: operation, [TURN]: turn } = attributes;
  if (name === 'parley.turn' && turn !== undefined) return `turn ${turn}`;
  if (dependency !== undefined && operation !== undefined)
    return `${dependency} ${String(operation).replaceAll('_', ' ')}`;
  return name.replace(/^parley\./, '').replaceAll('_', ' ');
}

/** `functions` of `parley-functions`. */
export const roleText = (role: string): string => role.replace(/^parley-/, '').replaceAll('-', ' ') || 'unknown';

/** Whom an edge leads to: `speech`; `redis at 10.0.0.4`. */
export const whomText = ({ type, target }: Pick<MapEdge, 'type' | 'target'>): string =>
  type === '' || type === 'Http' ? target : `${type} at ${target}`;

/** What went wrong with a span, in two or three words; empty where nothing did. */
export function failureText({ success, resultCode, attributes }: TraceSpan): string {
  if (success) return '';
  const why = attributes[FAULT] ?? attributes['error.type'] ?? (resultCode === '0' ? undefined : resultCode);
  return why === undefined ? 'failed' : `failed: ${why}`;
}

/** `320 ms`, `4.2 s`, `3:05 min`. */
export function lengthText(ms: number): string {
  if (ms < 1000) return `${ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} min`;
}
