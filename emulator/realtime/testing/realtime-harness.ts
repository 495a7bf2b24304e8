import { once } from 'node:events';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import { systemClock } from '../../../shared/clock.ts';
import { Faults } from '../../faults.ts';
import { OpenAiService } from '../../openai/openai-service.ts';
import { EmulatorServer } from '../../server.ts';
import { Transcriber } from '../../speech/transcriber.ts';
import { Voices } from '../../speech/voices.ts';
import { loadCertificate } from '../../tls/certificates.ts';
import { type AudioFormat, bytesPerMs, Decoder, Encoder } from '../audio-codec.ts';
import { RealtimeService } from '../realtime-service.ts';

export const KEY = 'the-right-key';
export const PCM_24: AudioFormat = { encoding: 'pcm', rate: 24_000 };
const PATIENCE_MS = 20_000;
const log = pino({ level: 'silent' });

export interface Item {
  readonly id: string;
  readonly type: string;
  readonly status: string;
  readonly name: string;
  readonly call_id: string;
  readonly arguments: string;
  readonly content: readonly { readonly type: string; readonly text?: string; readonly transcript?: string }[];
}

/** The fields of events that the tests look at; each has those of its type. */
export interface Event {
  readonly type: string;
  readonly event_id: string;
  readonly response_id: string;
  readonly item_id: string;
  readonly previous_item_id: string | null;
  readonly arguments: string;
  readonly delta: string;
  readonly transcript: string;
  readonly text: string;
  readonly audio_start_ms: number;
  readonly audio_end_ms: number;
  readonly session: Readonly<Record<string, unknown>> & { readonly expires_at: number };
  readonly item: Item;
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly param: string | null;
    readonly event_id: string | null;
  };
  readonly response: {
    readonly id: string;
    readonly status: string;
    readonly status_details: Readonly<Record<string, unknown>> | null;
    readonly conversation_id: string | null;
    readonly metadata: unknown;
    readonly output: readonly Item[];
    readonly usage: Readonly<Record<string, number>> & {
      readonly output_token_details: { readonly audio_tokens: number };
    };
  };
}

export const LOOK_UP = {
  type: 'function',
  name: 'look_up_order',
  description: 'Finds an order by its number.',
  parameters: {
    type: 'object',
    properties: { order_number: { type: 'string', description: 'The number of the order.' } },
    required: ['order_number'],
  },
};
export const FOUND = JSON.stringify({ status: 'packed', message: 'Order 1042 is packed and comes on Friday.' });

/** Both services with their models, on free ports. */
export async function startRealtime(context: { after(task: () => Promise<void>): void }) {
  const [voices, transcriber, certificate] = await Promise.all([
    Voices.start({ log }),
    Transcriber.start({ log, workers: 1 }),
    loadCertificate(),
  ]);
  const faults = new Faults(log);
  const openAi = new OpenAiService({ log, key: KEY });
  const service = new RealtimeService({
    ...{ log, key: KEY, faults },
    // What takes seconds takes a fiftieth of them.
    clock: { ...systemClock, after: (ms, task) => systemClock.after(ms < 4_000 ? ms : ms / 50, task) },
    models: () => ({ transcriber, voices }),
    answer: (request, signal) => openAi.reply(request, signal),
    // Slow enough for an answer to be cut in on.
    pace: { chunkMs: 100, everyMs: 25 },
  });
  const server = new EmulatorServer(certificate, log);
  server.mount(faults, service);
  const ports = await server.listen('127.0.0.1', { plain: 0, tls: 0 });
  context.after(async () => {
    service.close();
    await Promise.all([server.close(), voices.close(), transcriber.close()]);
  });
  const paths = {
    realtime: '/openai/v1/realtime?model=gpt-realtime-2',
    voiceLive: '/voice-live/realtime?api-version=2026-07-15&model=gpt-4.1',
  };
  const open = (path: keyof typeof paths | string) =>
    RealtimeClient.open(`ws://127.0.0.1:${ports.plain}${paths[path as keyof typeof paths] ?? path}`);
  /** What a caller says, in 16 kHz PCM, with a second of silence after it. */
  const speech = async (text: string) => Buffer.concat([(await voices.speak(text, 'rms')).pcm, Buffer.alloc(32_000)]);
  return { service, faults, ports, certificate, open, speech };
}

/** A client that does nothing by itself, with all that it was sent. */
export class RealtimeClient {
  readonly socket: WebSocket;
  readonly events: Event[] = [];
  #seen = 0;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data) => this.events.push(JSON.parse(String(data))));
    socket.on('error', () => {});
  }

  static async open(url: string, headers: Record<string, string> = { 'api-key': KEY }): Promise<RealtimeClient> {
    const client = new RealtimeClient(new WebSocket(url, { headers }));
    await once(client.socket, 'open');
    await client.next('session.created');
    return client;
  }

  send(type: string, fields: object = {}): void {
    this.socket.send(JSON.stringify({ type, ...fields }));
  }

  /** Sends audio at once. */
  hear(pcm: Uint8Array, format = PCM_24): void {
    const wire = new Encoder(format).encode(pcm);
    const chunk = 100 * bytesPerMs(format);
    for (let at = 0; at < wire.length; at += chunk) {
      this.send('input_audio_buffer.append', {
        audio: Buffer.from(wire.subarray(at, at + chunk)).toString('base64'),
      });
    }
  }

  async update(session: object): Promise<Event> {
    this.send('session.update', { session });
    return this.next('session.updated', 'error');
  }

  /** A caller's words as text, and the request to answer them. */
  ask(text: string, response?: object): void {
    this.send('conversation.item.create', {
      item: { type: 'message', role: 'user', content: [{ type: 'input_text', text }] },
    });
    this.send('response.create', response && { response });
  }

  /** The next event of one of these types, after the last that was waited for. */
  async next(...types: string[]): Promise<Event> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      for (; this.#seen < this.events.length; this.#seen += 1) {
        const event = this.events[this.#seen];
        if (event === undefined || !types.includes(event.type)) continue;
        this.#seen += 1;
        return event;
      }
      if (performance.now() > deadline) throw new Error(`no ${types} after ${this.types().join(', ')}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** The types of all events, one for each run of the same. */
  types(from = 0): string[] {
    const types = this.events.slice(from).map(({ type }) => type);
    return types.filter((type, index) => type !== types[index - 1]);
  }

  /** The sound of a response, as it came. */
  audioOf(responseId: string): Buffer {
    const deltas = this.events.filter(
      ({ type, response_id }) => /^response\.(?:output_)?audio\.delta$/.test(type) && response_id === responseId,
    );
    return Buffer.concat(deltas.map(({ delta }) => Buffer.from(delta, 'base64')));
  }

  close(): void {
    this.socket.terminate();
  }
}

/** How loud a sound is in the middle: that it is a voice, whatever the format. */
export function loudness(wire: Buffer, format: AudioFormat): number {
  const pcm = Buffer.from(new Decoder(format).decode(wire));
  let sum = 0;
  for (let at = 0; at + 1 < pcm.length; at += 2) sum += Math.abs(pcm.readInt16LE(at));
  return sum / (pcm.length / 2);
}
