import { createServer } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { listening } from '../../shared/testing/listening.ts';

/** An OTLP endpoint that takes everything and counts it. */
export class SpanCounter {
  readonly url: string;
  readonly #close: () => void;
  #spans = 0;
  #bytes = 0;

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
  take(): { readonly spans: number; readonly bytes: number } {
    const taken = { spans: this.#spans, bytes: this.#bytes };
    this.#spans = 0;
    this.#bytes = 0;
    return taken;
  }

  close(): void {
    this.#close();
  }

  #take(path: string, sent: Buffer, isZipped: boolean): void {
    if (!path.includes('traces')) return;
    this.#bytes += sent.length;
    const text = (isZipped ? gunzipSync(sent) : sent).toString();
    this.#spans += text.match(/"spanId"\s*:/g)?.length ?? 0;
  }
}
