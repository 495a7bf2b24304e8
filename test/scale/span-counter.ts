import { createServer } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { readEnvelopes } from '../../emulator/telemetry/envelopes.ts';
import { MetricBoard } from '../../emulator/telemetry/metric-board.ts';
import { readOtlpMetrics, readOtlpTraces } from '../../emulator/telemetry/otlp.ts';
import type { TelemetryItem } from '../../emulator/telemetry/telemetry-item.ts';
import { METRIC } from '../../shared/telemetry/names.ts';
import { listening } from '../../shared/testing/listening.ts';

const KINDS = new Map<string, string>(Object.values(METRIC).map(({ name, kind }) => [name, kind]));

export interface TakenTelemetry {
  readonly spans: number;
  /** Of spans, and in Application Insights' way of metrics, too, as they came over the wire. */
  readonly bytes: number;
  /** How often a metric was recorded. */
  readonly records: number;
}

/** Takes everything that it is sent, by OTLP or as Application Insights does, and counts it. */
export class SpanCounter {
  readonly url: string;
  readonly #close: () => void;
  readonly #metrics = new MetricBoard();
  #spans = 0;
  #bytes = 0;
  #recordsTold = 0;

  private constructor(port: number, close: () => void) {
    this.url = `http://127.0.0.1:${port}`;
    this.#close = close;
  }

  static async listen(): Promise<SpanCounter> {
    const server = createServer(async (request, response) => {
      const sent = Buffer.concat(await request.toArray());
      const items = counter.#take(request.url ?? '', sent, request.headers['content-encoding'] === 'gzip');
      const counts = { itemsReceived: items, itemsAccepted: items, errors: [] };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(counts));
    });
    const counter: SpanCounter = new SpanCounter(await listening(server), () => {
      server.closeAllConnections();
      server.close();
    });
    return counter;
  }

  /** As Azure's portal would show it. */
  get connectionString(): string {
    return `InstrumentationKey=11111111-2222-4333-8444-555555555555;IngestionEndpoint=${this.url}/`;
  }

  /** Since it was asked last. */
  take(): TakenTelemetry {
    const records = this.#metrics.list().reduce((sum, { name, count, sum: counted }) => {
      const kind = KINDS.get(name);
      return sum + (kind === 'histogram' ? count : kind === 'counter' ? counted : 0);
    }, 0);
    const taken = { spans: this.#spans, bytes: this.#bytes, records: records - this.#recordsTold };
    this.#recordsTold = records;
    this.#spans = 0;
    this.#bytes = 0;
    return taken;
  }

  close(): void {
    this.#close();
  }

  #take(path: string, sent: Buffer, isZipped: boolean): number {
    const items = itemsIn(path, (isZipped ? gunzipSync(sent) : sent).toString());
    for (const item of items) {
      if (item.is === 'span') this.#spans += 1;
      else if (item.is === 'metric') this.#metrics.add(item.metric);
    }
    if (!path.endsWith('/metrics')) this.#bytes += sent.length;
    return items.length;
  }
}

function itemsIn(path: string, text: string): readonly TelemetryItem[] {
  if (path.endsWith('/track')) return readEnvelopes(text).items.flatMap(({ items }) => items);
  return path.endsWith('/metrics') ? readOtlpMetrics(JSON.parse(text)) : readOtlpTraces(JSON.parse(text));
}
