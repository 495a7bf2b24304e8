import { createServer } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { readOtlpMetrics } from '../../emulator/telemetry/otlp.ts';
import { METRIC } from '../../shared/telemetry/names.ts';
import { listening } from '../../shared/testing/listening.ts';

const KINDS = new Map<string, string>(Object.values(METRIC).map(({ name, kind }) => [name, kind]));

/** An OTLP endpoint that takes everything and counts it. */
export class SpanCounter {
  readonly url: string;
  readonly #close: () => void;
  #spans = 0;
  #bytes = 0;
  /** Records of metrics up to now, by stream. */
  readonly #records = new Map<string, number>();
  #recordsTold = 0;

  private constructor(port: number, close: () => void) {
    this.url = `http://127.0.0.1:${port}`;
    this.#close = close;
  }

  static async listen(): Promise<SpanCounter> {
    const server = createServer(async (request, response) => {
      const sent = Buffer.concat(await request.toArray());
      counter.#take(request.url ?? '', sent, request.headers['content-encoding'] === 'gzip');
      response.setHeader('content-type', 'application/json').end('{}');
    });
    const counter: SpanCounter = new SpanCounter(await listening(server), () => {
      server.closeAllConnections();
      server.close();
    });
    return counter;
  }

  /** Since it was asked last. `bytes` as they came over the wire. */
  take(): { readonly spans: number; readonly bytes: number; readonly records: number } {
    const records = [...this.#records.values()].reduce((sum, count) => sum + count, 0);
    const taken = { spans: this.#spans, bytes: this.#bytes, records: records - this.#recordsTold };
    this.#recordsTold = records;
    this.#spans = 0;
    this.#bytes = 0;
    return taken;
  }

  close(): void {
    this.#close();
  }

  #take(path: string, sent: Buffer, isZipped: boolean): void {
    const text = (isZipped ? gunzipSync(sent) : sent).toString();
    if (path.includes('metrics')) this.#count(text);
    if (!path.includes('traces')) return;
    this.#bytes += sent.length;
    this.#spans += text.match(/"spanId"\s*:/g)?.length ?? 0;
  }

  /** Of a histogram each record counts, of a counter what it counts; both are sums since the start. */
  #count(text: string): void {
    for (const item of readOtlpMetrics(JSON.parse(text))) {
      if (item.is !== 'metric') continue;
      const { name, attributes, count, sum } = item.metric;
      const kind = KINDS.get(name);
      if (kind !== 'gauge') this.#records.set(JSON.stringify([name, attributes]), kind === 'histogram' ? count : sum);
    }
  }
}
