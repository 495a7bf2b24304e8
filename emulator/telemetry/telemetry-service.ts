import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { z } from 'zod';
import type { Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import { traceIdOf } from '../../shared/telemetry/call-trace.ts';
import type { Faults } from '../faults.ts';
import { type AccessTokens, AUDIENCES } from '../identity/access-tokens.ts';
import { bearerOf } from '../identity/service-door.ts';
import { readBody, sendError, sendJson } from '../json-http.ts';
import { addressOf } from '../local-door.ts';
import type { EmulatedService } from '../server.ts';
import { type ItemError, readEnvelopes } from './envelopes.ts';
import { MetricBoard } from './metric-board.ts';
import { readOtlpMetrics, readOtlpTraces } from './otlp.ts';
import type { TelemetryItem } from './telemetry-item.ts';
import { type StoreLimits, TraceStore } from './trace-store.ts';

const MAX_BODY_BYTES = 16_000_000;
const MAX_UNZIPPED_BYTES = 64_000_000;
const TRACK = '/v2.1/track';
const OTLP: Readonly<Record<string, (body: unknown) => TelemetryItem[]>> = {
  '/v1/traces': readOtlpTraces,
  '/v1/metrics': readOtlpMetrics,
  '/v1/logs': () => [],
};

const query = z.object({
  limit: z.coerce.number().int().min(1).max(2_000).default(50),
  session: z.string().min(1).max(200).optional(),
});

export interface TelemetryServiceOptions {
  readonly faults: Faults;
  readonly clock: Clock;
  readonly log: Logger;
  /**
   * Where given, whoever sends to Application Insights must bring one of its tokens for Azure Monitor, as where the
   * resource has local authentication switched off. OTLP knows no such door.
   */
  readonly tokens?: AccessTokens | undefined;
  readonly limits?: Partial<StoreLimits>;
}

/** What a request to one of the intakes gets. */
interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * Azure Monitor as far as programs know it: the intake of Application Insights and that of OTLP as JSON, and what came
 * in, for the page, `npm run trace` and tests. `telemetry.*` of the faults has it fail.
 */
export class TelemetryService implements EmulatedService {
  readonly #options: TelemetryServiceOptions;
  readonly #store: TraceStore;
  readonly #metrics = new MetricBoard();
  readonly #counts = { requests: 0, refused: 0, items: 0, errors: 0, bytes: 0, wireBytes: 0, logs: 0, metrics: 0 };

  constructor(options: TelemetryServiceOptions) {
    this.#options = options;
    this.#store = new TraceStore(options.limits);
  }

  /** What came in, for the status of the emulator. `wireBytes` are those of bodies as they were sent, `bytes` unzipped. */
  get status() {
    return { ...this.#counts, ...this.#store.status };
  }

  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const { pathname, searchParams } = addressOf(request);
    if (request.method === 'POST' && (pathname === TRACK || Object.hasOwn(OTLP, pathname))) {
      this.#take(pathname, request, response).catch((error) => {
        this.#options.log.error({ err: error }, 'telemetry could not be taken');
        response.destroy();
      });
      return true;
    }
    if (!pathname.startsWith('/telemetry/')) return false;
    if (request.method === 'GET') return this.#show(pathname, searchParams, response);
    if (request.method !== 'DELETE' || pathname !== '/telemetry/traces') return false;
    this.#store.clear();
    this.#metrics.clear();
    response.writeHead(204).end();
    return true;
  }

  async #take(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#counts.requests += 1;
    const { status, body } = await this.#answer(path, request);
    if (status >= 400) this.#counts.refused += 1;
    const stall = this.#options.faults.take('telemetry.stall');
    const tell = () => {
      if (!response.destroyed) sendJson(response, status, body);
    };
    if (stall === undefined) return tell();
    const cancel = this.#options.clock.after(stall.ms, tell);
    response.once('close', cancel);
  }

  async #answer(path: string, request: IncomingMessage): Promise<Answer> {
    const isTrack = path === TRACK;
    const sent = await readBody(request, MAX_BODY_BYTES);
    if (sent === undefined) return refusal(413, 'The body is too long.');
    if (isTrack && !this.#admits(request)) return refusal(401, 'A token for https://monitor.azure.com is needed.');
    const refused = this.#options.faults.take('telemetry.refuse');
    if (refused !== undefined) return refusal(refused.status, 'As POST /emulator/faults wants.');
    const body = await unzipped(request, sent);
    if (body === undefined) return refusal(400, 'The body is not what content-encoding says: gzip, or none.');
    this.#counts.wireBytes += sent.length;
    this.#counts.bytes += body.length;
    if (isTrack) return this.#track(body);
    if (!/\bjson\b/.test(request.headers['content-type'] ?? '')) {
      return refusal(415, 'OTLP is taken as JSON only: OTEL_EXPORTER_OTLP_PROTOCOL=http/json.');
    }
    return this.#otlp(path, body);
  }

  #admits({ headers }: IncomingMessage): boolean {
    const { tokens } = this.#options;
    const bearer = bearerOf(headers.authorization);
    return tokens === undefined || (bearer !== undefined && tokens.read(bearer, AUDIENCES.monitor) !== undefined);
  }

  #track(body: Buffer): Answer {
    const { received, items, errors } = readEnvelopes(body.toString());
    const partly = this.#options.faults.take('telemetry.partial');
    // Every second one, as where a limit is reached in the middle of a batch.
    const isLeftOut = (index: number) => partly !== undefined && index % 2 === 1;
    const left = items
      .filter(({ index }) => isLeftOut(index))
      .map(({ index }) => ({ index, statusCode: partly?.status ?? 0, message: 'As POST /emulator/faults wants.' }));
    const kept = items.filter(({ index }) => !isLeftOut(index));
    for (const item of kept.flatMap(({ items }) => items)) this.#keep(item);
    const wrong: ItemError[] = [...errors, ...left].sort((one, other) => one.index - other.index);
    this.#counts.items += kept.length;
    this.#counts.errors += wrong.length;
    const status = wrong.length === 0 && received > 0 ? 200 : kept.length > 0 ? 206 : 400;
    return { status, body: { itemsReceived: received, itemsAccepted: kept.length, errors: wrong } };
  }

  #otlp(path: string, body: Buffer): Answer {
    try {
      const items = OTLP[path]?.(JSON.parse(body.toString())) ?? [];
      for (const item of items) this.#keep(item);
      this.#counts.items += items.length;
      return { status: 200, body: {} };
    } catch (error) {
      const message = error instanceof z.ZodError ? z.prettifyError(error).slice(0, 500) : 'The body is no JSON.';
      return { status: 400, body: { code: 3, message } };
    }
  }

  #keep(item: TelemetryItem): void {
    if (item.is === 'metric') {
      this.#counts.metrics += 1;
      this.#metrics.add(item.metric);
    } else if (item.is === 'event') {
      this.#counts.logs += 1;
      // A line of the log that belongs to nothing is seen in the log.
      if (item.traceId !== '') this.#store.addEvent(item.traceId, item.event, item.sessionId);
    } else this.#store.addSpan(item.traceId, item.span, item.sessionId);
  }

  #show(path: string, search: URLSearchParams, response: ServerResponse): boolean {
    const { success, data, error } = query.safeParse(Object.fromEntries(search));
    if (!success) {
      sendError(response, 400, 'BadRequest', z.prettifyError(error));
      return true;
    }
    const { session, limit } = data;
    const wanted = session === undefined ? {} : { sessionId: session, traceId: traceIdOf(session) };
    const id = /^\/telemetry\/traces\/([^/]+)$/.exec(path)?.[1];
    if (id !== undefined) {
      const trace = this.#store.find(id);
      if (trace) sendJson(response, 200, trace);
      else sendError(response, 404, 'NotFound', 'No span of that trace has come, or it had no room any more.');
    } else if (path === '/telemetry/traces') {
      sendJson(response, 200, { traces: this.#store.list(limit, wanted), dropped: this.#store.dropped });
    } else if (path === '/telemetry/map') {
      const ofSession = this.#store.list(limit, wanted).map(({ traceId }) => traceId);
      sendJson(response, 200, this.#store.map(session === undefined ? undefined : new Set(ofSession)));
    } else if (path === '/telemetry/metrics') {
      sendJson(response, 200, { metrics: this.#metrics.list(), dropped: this.#metrics.dropped });
    } else return false;
    return true;
  }
}

const refusal = (statusCode: number, message: string): Answer => ({
  status: statusCode,
  body: { itemsReceived: 0, itemsAccepted: 0, errors: [{ index: 0, statusCode, message }] },
});

async function unzipped(request: IncomingMessage, sent: Buffer): Promise<Buffer | undefined> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity') return sent;
  if (encoding !== 'gzip') return undefined;
  return promisify(gunzip)(sent, { maxOutputLength: MAX_UNZIPPED_BYTES }).catch(() => undefined);
}
