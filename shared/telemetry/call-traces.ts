import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import { type Clock, systemClock } from '../clock.ts';
import { ParleyError } from '../errors.ts';
import type { NewId } from '../ids.ts';
import { formatTraceParent, parseTraceParent, randomSpanIds, traceIdOf } from './call-trace.ts';
import { CommandCount } from './command-count.ts';
import { type DependencyCall, dependencySpan } from './dependency-span.ts';
import { ATTRIBUTE } from './names.ts';
import { RepeatedFailures } from './repeated-failures.ts';
import {
  type Attributes,
  type AttributeValue,
  type FinishedSpan,
  noSpans,
  type SpanKind,
  type SpanSink,
} from './span.ts';

export interface CallTracesOptions {
  /** {@link noSpans}: nobody wants any, and nothing is measured. */
  readonly sink: SpanSink & { flush?(): void };
  readonly clock: Pick<Clock, 'now' | 'wallMs'>;
  readonly newSpanId: NewId;
  /** Whom the commands go to that {@link CallTraces.command} is told of. */
  readonly redisUrl?: string | undefined;
  /** Told of each call of a dependency that gets no span: whoever counts by the spans would miss most of those that went well. */
  readonly onUntold?: (call: UntoldCall) => void;
}

/** A call of a dependency that was quick, or one more that failed, so that no trace has it. */
export interface UntoldCall extends Pick<DependencyCall, 'dependency' | 'error'> {
  readonly tookMs: number;
}

/** What a request is told by, should it turn out to belong to a call. */
export interface RequestFacts {
  /** Such as `POST /api/v1/calls/answer`. */
  readonly name: string;
  readonly attributes?: Attributes;
  /** Traces of others of which the request is a part, as `traceparent` has them: they are linked, as the call's trace is its own. */
  readonly links?: readonly (string | null | undefined)[];
}

/** What is told when it is over. */
export interface Told {
  readonly attributes?: Attributes | undefined;
  /** A stable code. */
  readonly error?: string | undefined;
}

/** What is asked of a dependency. */
export interface Asked<Result = unknown> extends Pick<DependencyCall, 'dependency' | 'operation' | 'url' | 'method'> {
  readonly sessionId?: string;
  /** It is told only where it takes so long, or fails. */
  readonly leastMs?: number;
  /** It is tried again and again where it fails: of failures in a row some are told, each with which one it is. */
  readonly isRetried?: true;
  /** Whether what was thrown says that the dependency failed. */
  readonly isFailure?: (thrown: unknown) => boolean;
  /** What an answer says of itself, where a failure is not thrown. */
  readonly toldOf?: (result: Result) => Pick<DependencyCall, 'error' | 'status'>;
}

/** Much for what a call asks all the time. */
export const SLOW_MS = 1_000;

/** One request, or one piece of work: its spans become one batch. */
interface Batch {
  readonly facts: RequestFacts | undefined;
  sessionId: string | undefined;
  /** One of the calls that parts of it are about ({@link CallTraces.requestOf}). */
  partOf: string | undefined;
  isEntry: boolean;
  /** Spans that wait to know whose they are; undefined once that has been settled. */
  held: ((sessionId: string) => FinishedSpan)[] | undefined;
}

/** Something that is being done, whose span is recorded when it is over. */
interface Doing {
  readonly batch: Batch;
  spanId: string;
  readonly startMs: number;
  readonly startedMs: number;
  readonly commands: CommandCount;
  readonly attributes: Record<string, AttributeValue>;
  error: string | undefined;
  isOver: boolean;
}

/**
 * The spans of calls, made where things are done: what runs within {@link request} or {@link within} stands under it, and
 * so do the calls of dependencies that it makes. The trace is the call's, by its session's id; its entry span, under which all
 * else stands, is that of the request by which the session was made, and has an id that follows from the session's, too: so
 * nobody needs to hand it on, and a callback that knows nothing but a session stands where it belongs.
 */
export class CallTraces {
  readonly #options: CallTracesOptions;
  /** Whether somebody wants them. */
  readonly isOn: boolean;
  readonly #doing = new AsyncLocalStorage<Doing>();
  readonly #failures = new RepeatedFailures();

  constructor(options: CallTracesOptions) {
    this.#options = options;
    this.isOn = options.sink !== noSpans;
  }

  /** Of the call that is being worked at here; undefined where it is not known, or nobody wants traces. */
  get traceId(): string | undefined {
    const batch = this.#doing.getStore()?.batch;
    const sessionId = batch?.sessionId ?? batch?.partOf;
    return sessionId === undefined ? undefined : traceIdOf(sessionId);
  }

  /** Serves a request. Where {@link belongsTo} says meanwhile whose it is, its span and those below are recorded at its end. */
  async request<Result>(facts: RequestFacts, work: () => Promise<Result>): Promise<Result> {
    if (!this.isOn) return work();
    return this.#serve({ ...newBatch(undefined, facts), held: [] }, undefined, work);
  }

  /** The part of a request that is about one call, where a request may be about several. It has a span of its own. */
  async requestOf<Result>(sessionId: string, work: () => Promise<Result>): Promise<Result> {
    if (!this.isOn) return work();
    const around = this.#doing.getStore();
    const facts = around?.batch.facts ?? { name: 'unknown' };
    if (around !== undefined) around.batch.partOf = sessionId;
    return this.#serve({ ...newBatch(sessionId, facts), held: [] }, around, work);
  }

  /**
   * The request that is being served is about this session.
   * @param isEntry it has made the session
   */
  belongsTo(sessionId: string, isEntry = false): void {
    const batch = this.#doing.getStore()?.batch;
    if (batch?.held === undefined) return;
    batch.sessionId = sessionId;
    batch.isEntry ||= isEntry;
  }

  /** Tells something of what is being done here. */
  tell({ attributes, error }: Told): void {
    const doing = this.#doing.getStore();
    if (doing === undefined) return;
    Object.assign(doing.attributes, attributes);
    if (error !== undefined) doing.error = error;
  }

  /**
   * Does something as a span: below what is being done, where that is of the same session, else below the call's entry.
   * @param sessionId undefined: that of what is being done, known or not yet; outside of anything there is no span then
   */
  async within<Result>(
    sessionId: string | undefined,
    name: string,
    work: () => Promise<Result>,
    attributes: Attributes = {},
  ): Promise<Result> {
    if (!this.isOn) return work();
    const above = this.#above(sessionId);
    if (above === undefined && sessionId === undefined) return work();
    const batch = above?.batch ?? newBatch(sessionId);
    const doing = this.#begin(batch, attributes);
    try {
      return await this.#doing.run(doing, work);
    } catch (error) {
      doing.error = codeOf(error);
      throw error;
    } finally {
      this.#end(doing, name, 'internal', above);
    }
  }

  /**
   * Calls a dependency, as a client span below what is being done.
   * @param asked.sessionId whose entry it stands below where nothing is being done here; without it, there is no span then
   */
  async client<Result>(asked: Asked<Result>, work: () => Promise<Result>): Promise<Result> {
    const { sessionId, leastMs = 0, isRetried, isFailure = () => true, toldOf, ...call } = asked;
    if (!this.isOn) return work();
    const around = this.#doing.getStore();
    const above = this.#above(sessionId);
    const whose = above === undefined ? (sessionId ?? around?.batch.sessionId) : undefined;
    if (above === undefined && whose === undefined) return work();
    const { clock, newSpanId, onUntold } = this.#options;
    const [startMs, startedMs] = [clock.wallMs(), clock.now()];
    let told: Pick<DependencyCall, 'error' | 'status'> = {};
    try {
      const result = await work();
      told = toldOf?.(result) ?? {};
      return result;
    } catch (error) {
      if (isFailure(error)) told = { error: codeOf(error), status: statusOf(error) };
      throw error;
    } finally {
      const tookMs = clock.now() - startedMs;
      const batch = above?.batch ?? newBatch(whose);
      const key = `${call.dependency} ${sessionId ?? whose}`;
      let attempt: number | undefined;
      if (told.error === undefined) this.#failures.worked(key);
      else if (isRetried) attempt = this.#failures.failed(key, clock.now());
      const isTold = told.error === undefined ? tookMs >= leastMs : !isRetried || attempt !== undefined;
      const spanId = newSpanId();
      const make = (id: string) =>
        dependencySpan({
          ...{ ...call, startMs, endMs: startMs + tookMs, ...told },
          ...{ traceId: traceIdOf(id), spanId, parentSpanId: above?.spanId ?? entrySpanIdOf(id) },
          attributes: { [ATTRIBUTE.session]: id, ...(attempt !== undefined && { [ATTRIBUTE.attempt]: attempt }) },
        });
      if (isTold) this.#record(batch, make);
      else onUntold?.({ dependency: call.dependency, error: told.error, tookMs });
    }
  }

  /** Asks Redis for what a call asks it for all the time; what else is asked of it, {@link command} counts. */
  redis<Result>(sessionId: string, operation: string, work: () => Promise<Result>): Promise<Result> {
    const { redisUrl: url = '' } = this.#options;
    const how = { leastMs: SLOW_MS, isRetried: true, isFailure: isOfRedis } as const;
    return this.client({ dependency: 'redis', operation, url, sessionId, ...how }, work);
  }

  /** Something of a call that is over, and had its beginning elsewhere. */
  record(sessionId: string, span: Pick<FinishedSpan, 'name' | 'startMs' | 'endMs' | 'error' | 'attributes'>): void {
    if (!this.isOn) return;
    const above = this.#above(sessionId);
    const batch = above?.batch ?? newBatch(sessionId);
    const spanId = this.#options.newSpanId();
    this.#record(batch, (id) => ({
      ...{ traceId: traceIdOf(id), spanId, parentSpanId: entrySpanIdOf(id) },
      ...span,
      kind: 'internal',
      attributes: { [ATTRIBUTE.session]: id, ...span.attributes },
    }));
  }

  /** Sends what waits. */
  flush(): void {
    this.#options.sink.flush?.();
  }

  /** A command for Redis was sent: it counts for what is being done. */
  command(reply: Promise<unknown>): void {
    const doing = this.#doing.getStore();
    if (doing !== undefined && !doing.isOver) doing.commands.sent(reply);
  }

  async #serve<Result>(batch: Batch, around: Doing | undefined, work: () => Promise<Result>): Promise<Result> {
    const doing = this.#begin(batch, batch.facts?.attributes ?? {}, around);
    try {
      return await this.#doing.run(doing, work);
    } catch (error) {
      const status = error instanceof ParleyError ? error.status : 500;
      if (status >= 500) doing.error = codeOf(error);
      doing.attributes[ATTRIBUTE.httpStatus] = status;
      throw error;
    } finally {
      const { sessionId, isEntry, facts } = batch;
      if (sessionId !== undefined && isEntry) doing.spanId = entrySpanIdOf(sessionId);
      this.#end(doing, facts?.name ?? '', 'server', undefined);
      const held = batch.held ?? [];
      batch.held = undefined;
      if (sessionId !== undefined) for (const make of held) this.#options.sink.record(make(sessionId));
      if (sessionId !== undefined) this.flush();
    }
  }

  /** @param around when it began, in truth */
  #begin(batch: Batch, attributes: Attributes, around?: Doing): Doing {
    const { clock, newSpanId } = this.#options;
    const { startMs, startedMs } = around ?? { startMs: clock.wallMs(), startedMs: clock.now() };
    return {
      ...{ batch, startMs, startedMs, spanId: newSpanId(), commands: new CommandCount(clock) },
      ...{ attributes: { ...attributes }, error: undefined, isOver: false },
    };
  }

  #end(doing: Doing, name: string, kind: SpanKind, above: Doing | undefined): void {
    const { clock, newSpanId, redisUrl = '' } = this.#options;
    const { batch, startMs, startedMs, attributes, error } = doing;
    doing.isOver = true;
    const endMs = startMs + clock.now() - startedMs;
    const redis = doing.commands.sum();
    const redisSpanId = newSpanId();
    if (redis !== undefined) {
      this.#record(batch, (id) =>
        dependencySpan({
          dependency: 'redis',
          operation: 'commands',
          url: redisUrl,
          ...{ traceId: traceIdOf(id), spanId: redisSpanId, parentSpanId: doing.spanId },
          ...{ startMs: redis.startMs, endMs: redis.startMs + redis.busyMs, error: redis.error },
          attributes: {
            [ATTRIBUTE.session]: id,
            [ATTRIBUTE.measurements]: JSON.stringify({ commands: redis.commands, slowestMs: redis.slowestMs }),
          },
        }),
      );
    }
    const links = (batch.facts?.links ?? []).flatMap((link) => parseTraceParent(link ?? undefined) ?? []);
    this.#record(batch, (id) => ({
      ...{ traceId: traceIdOf(id), spanId: doing.spanId, name, kind, startMs, endMs },
      ...(!(kind === 'server' && batch.isEntry) && { parentSpanId: above?.spanId ?? entrySpanIdOf(id) }),
      attributes: { [ATTRIBUTE.session]: id, ...attributes },
      ...(error !== undefined && { error }),
      ...(kind === 'server' && links.length > 0 && { links: unique(links) }),
    }));
  }

  #record(batch: Batch, make: (sessionId: string) => FinishedSpan): void {
    if (batch.held !== undefined) batch.held.push(make);
    else if (batch.sessionId !== undefined) this.#options.sink.record(make(batch.sessionId));
  }

  /** What is being done here, where it goes on and is of this session. */
  #above(sessionId: string | undefined): Doing | undefined {
    const doing = this.#doing.getStore();
    if (doing === undefined || doing.isOver) return undefined;
    return sessionId === undefined || doing.batch.sessionId === sessionId ? doing : undefined;
  }
}

const newBatch = (sessionId: string | undefined, facts?: RequestFacts): Batch => ({
  ...{ facts, sessionId, isEntry: false },
  ...{ partOf: undefined, held: undefined },
});

/** Where nobody wants traces. */
export const noCallTraces = new CallTraces({ sink: noSpans, clock: systemClock, newSpanId: randomSpanIds });

/** The id of a call's entry span, which follows from its session's id as the trace's does ({@link traceIdOf}). */
export function entrySpanIdOf(sessionId: string): string {
  const spanId = createHash('sha256').update(sessionId).digest('hex').slice(32, 48);
  return /[^0]/.test(spanId) ? spanId : `${spanId.slice(1)}1`;
}

/** The `traceparent` of a session, which whoever makes it writes into it. */
export const traceParentOf = (sessionId: string): string =>
  formatTraceParent({ traceId: traceIdOf(sessionId), spanId: entrySpanIdOf(sessionId), sampled: true });

/** And not of what was to be written there: another host has the session, or somebody has erased it. */
const isOfRedis = (error: unknown): boolean => codeOf(error).startsWith('redis.');

const codeOf = (error: unknown): string => (error instanceof ParleyError ? error.code : 'internal');

/** What a dependency answered, where the error tells. */
function statusOf(error: unknown): number | undefined {
  const status = error instanceof ParleyError ? error.details?.acsStatus : undefined;
  return typeof status === 'number' ? status : undefined;
}

const unique = <Link extends { readonly traceId: string; readonly spanId: string }>(links: readonly Link[]) =>
  links
    .filter(({ spanId }, at) => links.findIndex((link) => link.spanId === spanId) === at)
    .map(({ traceId, spanId }) => ({ traceId, spanId }));
