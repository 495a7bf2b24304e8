import { WebSocket } from 'ws';
import { type AudioRate, bytesOf, FRAME_BYTES, FRAME_MS } from '../../shared/audio/pcm.ts';
import { encodeServiceAudio, encodeServiceMetadata } from '../../shared/carrier/acs/media-frames.ts';

/** Sound that the detector of these tests takes for speech, and none: 20 ms each. */
export const LOUD = new Uint8Array(new Int16Array(FRAME_BYTES / 2).fill(8000).buffer);
export const QUIET = new Uint8Array(FRAME_BYTES);

const PATIENCE_MS = 30_000;

/** The far side of a socket: keeps what came, and waits for what should. */
export class Client {
  readonly socket: WebSocket;
  readonly messages: Record<string, unknown>[] = [];
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly #waiting = new Set<() => void>();
  #stopTalking: (() => void) | undefined;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    const { promise, resolve } = Promise.withResolvers<{ code: number; reason: string }>();
    this.closed = promise;
    socket.on('close', (code, reason) => {
      this.#stopTalking?.();
      resolve({ code, reason: reason.toString() });
    });
    socket.on('error', () => {});
    socket.on('message', (data) => {
      this.messages.push(JSON.parse(String(data)));
      for (const look of [...this.#waiting]) look();
    });
  }

  /** @throws when the upgrade is refused: an error with its `status` and `body` */
  static connect(url: string, headers: Record<string, string>): Promise<Client> {
    const client = new Client(new WebSocket(url, { headers }));
    return new Promise((resolve, reject) => {
      client.socket.on('open', () => resolve(client));
      client.socket.on('unexpected-response', async (_, response) => {
        const body = (await response.toArray()).join('');
        reject(Object.assign(new Error('refused'), { status: response.statusCode, body: JSON.parse(body) }));
      });
    });
  }

  /** The first message, from `from` on, that `wanted` is true of. */
  async until(wanted: (message: Record<string, unknown>) => boolean, from = 0): Promise<Record<string, unknown>> {
    const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>>();
    const look = () => {
      const found = this.messages.slice(from).find(wanted);
      if (found) resolve(found);
    };
    const kinds = () => this.messages.map((message) => message.type ?? message.kind).join(' ');
    const timer = setTimeout(() => reject(new Error(`did not come; there were: ${kinds()}`)), PATIENCE_MS);
    this.#waiting.add(look);
    look();
    return promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(look);
    });
  }

  untilType(type: string, from = 0): Promise<Record<string, unknown>> {
    return this.until((message) => message.type === type, from);
  }

  untilKind(kind: string, from = 0): Promise<Record<string, unknown>> {
    return this.until((message) => message.kind === kind, from);
  }

  /**
   * Sends frames at the pace of speech, quiet ones unless told otherwise, until the socket closes. As on any line, what a busy
   * machine was late with comes at once then: speech does not last longer because of that.
   */
  talk(encode: (frame: Uint8Array) => string | Uint8Array): { say(ms: number): void } {
    let loudFrames = 0;
    let nextAtMs = performance.now() + FRAME_MS;
    const timer = setInterval(() => {
      for (; nextAtMs <= performance.now(); nextAtMs += FRAME_MS) {
        if (this.socket.readyState === WebSocket.OPEN) this.socket.send(encode(loudFrames-- > 0 ? LOUD : QUIET));
      }
    }, FRAME_MS);
    this.#stopTalking = () => clearInterval(timer);
    return {
      say(ms) {
        loudFrames = ms / 20;
      },
    };
  }

  /** Begins a call as ACS does, and keeps the line alive. */
  startCall(rateHz: AudioRate = 16_000): { say(ms: number): void } {
    this.socket.send(encodeServiceMetadata('sub-1', rateHz));
    const [loud, quiet] = [8000, 0].map((level) => bytesOf(new Int16Array(rateHz / 50).fill(level)));
    return this.talk((frame) => {
      const pcm = frame === QUIET ? quiet : loud;
      return encodeServiceAudio(pcm ?? frame, new Date(), '4:+15550001111', frame === QUIET);
    });
  }
}
