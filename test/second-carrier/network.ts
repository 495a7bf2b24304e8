import { createServer } from 'node:http';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { FRAME_MS } from '../../shared/audio/pcm.ts';
import { listening } from '../../shared/testing/listening.ts';
import { decodeMuLaw, encodeMuLaw } from './mu-law.ts';
import { KEY_HEADER, NETWORK_KEY } from './tandem.ts';

const FRAME_SAMPLES = 160;
const loud = encodeMuLaw(new Uint8Array(new Int16Array(FRAME_SAMPLES).fill(8_000).buffer));
const quiet = encodeMuLaw(new Uint8Array(2 * FRAME_SAMPLES));

const down = z.union([z.object({ play: z.base64() }), z.object({ flush: z.literal(true) })]);
const bound = z.object({ tell: z.string(), audio: z.string() });

/** What came to the caller's ear, in order. */
export type Heard = { readonly kind: 'audio'; readonly pcm: Uint8Array } | { readonly kind: 'flush' };

/** The network of the second carrier: it rings, takes what it is asked, plays a caller, and tells what happens. */
export class TandemNetwork {
  readonly heard: Heard[] = [];
  readonly asked: string[] = [];
  readonly api: string;
  readonly #close: () => void;
  #line: WebSocket | undefined;
  #speaking: NodeJS.Timeout | undefined;
  #loudFrames = 0;
  #tell = '';
  #events = 0;

  private constructor(api: string, close: () => void) {
    this.api = api;
    this.#close = close;
  }

  static async open(): Promise<TandemNetwork> {
    let network: TandemNetwork | undefined;
    const server = createServer(async (request, response) => {
      const body: unknown = JSON.parse((await request.toArray()).join('') || '{}');
      const status = (await network?.take(request.url?.slice(1) ?? '', body)) ?? 500;
      response.writeHead(status, { 'content-type': 'application/json' }).end('{"leg":"leg-1"}');
    });
    network = new TandemNetwork(`http://127.0.0.1:${await listening(server)}`, () => {
      server.closeAllConnections();
      server.close();
    });
    return network;
  }

  /** Somebody calls. @param answerUrl where ringing calls are announced */
  async ring(answerUrl: string): Promise<{ readonly status: number; readonly text: string }> {
    const body = JSON.stringify({ event: 'ring', id: 'ring-1', ring: 'ticket-1', a: '+4930111', b: '+4930222' });
    const response = await fetch(answerUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    return { status: response.status, text: await response.text() };
  }

  /** @returns the status of the answer */
  async take(what: string, body: unknown): Promise<number> {
    this.asked.push(what);
    const given = bound.safeParse(body).data;
    if (given !== undefined) {
      this.#tell = given.tell;
      setImmediate(() => void this.#begin(given.audio));
      return 200;
    }
    if (what === 'legs/leg-1/drop') {
      if (this.#line === undefined) return 404;
      setImmediate(() => void this.#end());
      return 200;
    }
    return what === 'legs/leg-1/look' && this.#line !== undefined ? 200 : 404;
  }

  /** The caller speaks for so long. */
  say(ms: number): void {
    this.#loudFrames = ms / 20;
  }

  /** How much of the agent's voice has come since `from`, in ms. */
  heardMs(from = 0): number {
    return this.heard.slice(from).reduce((sum, each) => sum + (each.kind === 'audio' ? each.pcm.length / 16 : 0), 0);
  }

  close(): void {
    clearInterval(this.#speaking);
    this.#line?.terminate();
    this.#close();
  }

  async #begin(address: string): Promise<void> {
    const line = new WebSocket(address, { headers: { [KEY_HEADER]: NETWORK_KEY } });
    this.#line = line;
    line.on('error', () => {});
    line.on('message', (data) => {
      const message = down.parse(JSON.parse(String(data)));
      const isAudio = 'play' in message;
      this.heard.push(
        isAudio ? { kind: 'audio', pcm: decodeMuLaw(Buffer.from(message.play, 'base64')) } : { kind: 'flush' },
      );
    });
    line.on('open', () => {
      line.send('{"start":{"codec":"ulaw","hz":8000}}');
      // What a busy machine was late with comes at once then, as on any line.
      let nextAtMs = performance.now() + FRAME_MS;
      this.#speaking = setInterval(() => {
        for (; nextAtMs <= performance.now(); nextAtMs += FRAME_MS) line.send(this.#loudFrames-- > 0 ? loud : quiet);
      }, FRAME_MS);
    });
    await this.#say('picked-up');
  }

  async #end(): Promise<void> {
    clearInterval(this.#speaking);
    this.#line?.close();
    this.#line = undefined;
    await this.#say('dropped');
  }

  async #say(event: string): Promise<void> {
    const body = { id: `event-${++this.#events}`, event, leg: 'leg-1', seconds: Date.now() / 1000 };
    await fetch(this.#tell, {
      method: 'POST',
      headers: { 'content-type': 'application/json', [KEY_HEADER]: NETWORK_KEY },
      body: JSON.stringify(body),
    });
  }
}
