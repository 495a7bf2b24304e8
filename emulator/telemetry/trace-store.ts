import type {
  DependencyMap,
  MapEdge,
  Trace,
  TraceEvent,
  TraceSpan,
  TraceSummary,
} from '../../shared/protocol/traces.ts';

export interface StoreLimits {
  readonly traces: number;
  /** Of all traces together. */
  readonly spans: number;
  /** Events and lines of the log that a trace keeps. */
  readonly events: number;
}

const LIMITS: StoreLimits = { traces: 2_000, spans: 50_000, events: 500 };

interface StoredTrace {
  readonly items: TraceSpan[];
  readonly events: TraceEvent[];
  sessionId: string | undefined;
}

/** The traces that came last. What has no room any more goes as a whole, the one first that was added to longest ago, and is counted. */
export class TraceStore {
  readonly #limits: StoreLimits;
  readonly #traces = new Map<string, StoredTrace>();
  #spans = 0;
  #droppedTraces = 0;
  #droppedSpans = 0;

  constructor(limits: Partial<StoreLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits };
  }

  get status() {
    return { traces: this.#traces.size, spans: this.#spans, dropped: this.dropped };
  }

  get dropped() {
    return { traces: this.#droppedTraces, spans: this.#droppedSpans };
  }

  addSpan(traceId: string, span: TraceSpan, sessionId?: string): void {
    this.#of(traceId, sessionId).items.push(span);
    this.#spans += 1;
    while (this.#spans > this.#limits.spans && this.#traces.size > 1) this.#dropStalest();
    // One trace alone fills it: what comes last of it is left out.
    if (this.#spans <= this.#limits.spans) return;
    this.#traces.get(traceId)?.items.pop();
    this.#spans -= 1;
    this.#droppedSpans += 1;
  }

  /** Of a trace that has all it keeps, further ones are left out. */
  addEvent(traceId: string, event: TraceEvent, sessionId?: string): void {
    const { events } = this.#of(traceId, sessionId);
    if (events.length < this.#limits.events) events.push(event);
  }

  /** The newest first. @param wanted of which traces: those of a session, or whose id is given */
  list(limit: number, wanted: { readonly sessionId?: string; readonly traceId?: string } = {}): TraceSummary[] {
    const { sessionId, traceId } = wanted;
    const isAny = sessionId === undefined && traceId === undefined;
    return [...this.#traces]
      .filter(([id, trace]) => trace.items.length > 0 && (isAny || id === traceId || trace.sessionId === sessionId))
      .map(([id, trace]) => summaryOf(id, trace))
      .sort((one, other) => other.startMs - one.startMs)
      .slice(0, limit);
  }

  find(traceId: string): Trace | undefined {
    const trace = this.#traces.get(traceId);
    if (trace === undefined || trace.items.length === 0) return undefined;
    const items = [...trace.items].sort((one, other) => one.startMs - other.startMs);
    return { ...summaryOf(traceId, trace), items, events: [...trace.events] };
  }

  /** Every call of a dependency that has a target, by who made it and of whom. @param traceIds of these traces only */
  map(traceIds?: ReadonlySet<string>): DependencyMap {
    const edges = new Map<string, { first: TraceSpan; durations: number[]; failures: number }>();
    for (const [id, { items }] of this.#traces) {
      if (traceIds && !traceIds.has(id)) continue;
      for (const span of items) {
        if (span.kind !== 'client' || span.target === undefined) continue;
        const key = JSON.stringify([span.role, span.type, span.target]);
        const edge = edges.get(key) ?? { first: span, durations: [], failures: 0 };
        edges.set(key, edge);
        edge.durations.push(span.durationMs);
        if (!span.success) edge.failures += 1;
      }
    }
    const made = [...edges.values()].map(({ first, durations, failures }): MapEdge => {
      durations.sort((one, other) => one - other);
      const { role, type = '', target = '' } = first;
      const part = (share: number) => durations[Math.ceil(share * durations.length) - 1] ?? 0;
      return { role, type, target, calls: durations.length, failures, p50Ms: part(0.5), p95Ms: part(0.95) };
    });
    return { edges: made.sort((one, other) => one.role.localeCompare(other.role) || other.calls - one.calls) };
  }

  clear(): void {
    this.#traces.clear();
    this.#spans = 0;
  }

  #of(traceId: string, sessionId: string | undefined): StoredTrace {
    const trace = this.#traces.get(traceId) ?? { items: [], events: [], sessionId };
    trace.sessionId ??= sessionId;
    // At the end again: a call that goes on is not the oldest, however long ago it began.
    this.#traces.delete(traceId);
    this.#traces.set(traceId, trace);
    while (this.#traces.size > this.#limits.traces) this.#dropStalest();
    return trace;
  }

  #dropStalest(): void {
    const [stalest] = this.#traces;
    if (stalest === undefined) return;
    const [id, { items }] = stalest;
    this.#traces.delete(id);
    this.#spans -= items.length;
    this.#droppedTraces += 1;
    this.#droppedSpans += items.length;
  }
}

function summaryOf(traceId: string, { items, sessionId }: StoredTrace): TraceSummary {
  let [first] = items;
  let endMs = Number.NEGATIVE_INFINITY;
  let failures = 0;
  const roles = new Set<string>();
  for (const span of items) {
    if (first === undefined || span.startMs < first.startMs) first = span;
    endMs = Math.max(endMs, span.startMs + span.durationMs);
    if (!span.success) failures += 1;
    roles.add(span.role);
  }
  const startMs = first?.startMs ?? 0;
  return {
    traceId,
    ...(sessionId !== undefined && { sessionId }),
    name: first?.name ?? '',
    ...{ startMs, durationMs: Math.max(0, endMs - startMs), roles: [...roles].sort() },
    ...{ spans: items.length, failures },
  };
}
