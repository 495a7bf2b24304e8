import { type RawData, WebSocket } from 'ws';
import { type AudioRate, FRAME_BYTES, SAMPLE_RATE } from '../../shared/audio/pcm.ts';
import { Resampler } from '../../shared/audio/resample.ts';
import {
  encodeServiceAudio,
  encodeServiceDtmf,
  encodeServiceMetadata,
  parseAppFrame,
} from '../../shared/carrier/acs/media-frames.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { TypedEvents } from '../../shared/typed-events.ts';
import type { Disturbances } from '../disturbances/disturbances.ts';
import { isDigitalSilence } from '../phone/voice-buffer.ts';
import { MediaFaults } from './media-faults.ts';
import { PlayoutBuffer } from './playout-buffer.ts';
import { mixed, type Voice } from './voices.ts';

const CONNECT_MS = 5_000;
const CLOSE_MS = 1_000;
const MAX_BUFFERED_MS = 5 * 60_000;
const MAX_FRAME_BYTES = 1_000_000;
/** An application that does not read is not waited for: beyond this the caller's audio is dropped. */
const MAX_BACKLOG_BYTES = 1_000_000;
/** The close code of a connection that broke without one. */
const BROKEN = 1006;
const SILENCE = new Uint8Array(FRAME_BYTES);

export interface MediaLegOptions {
  readonly transportUrl: string;
  /** What ACS sends with the upgrade: the token and the call's ids. */
  readonly headers: Readonly<Record<string, string>>;
  readonly subscriptionId: string;
  /** Of the audio in both directions. The phones' is 16 kHz. */
  readonly rateHz: AudioRate;
  /** Each participant's audio apart, or all of it as one. */
  readonly unmixed: boolean;
  /** Whether the application may send audio. */
  readonly bidirectional: boolean;
  readonly disturbances?: Disturbances | undefined;
  /** How long after a socket broke it is noticed, ms. Asked when it breaks. */
  readonly lossNoticedAfterMs?: (() => number) | undefined;
  readonly log: Logger;
}

export type MediaLegEvents = {
  open: [];
  /** The application told the network to drop its buffered audio. */
  audioStopped: [droppedMs: number];
  /**
   * The socket is gone, and the leg with it. `refused`: it never opened; `lost`: it broke, or the application closed it.
   * `closed`: we did. `status` is that of an HTTP answer or a close code, 0 where there was none.
   */
  ended: [how: 'refused' | 'lost' | 'closed', status: number, problem: string];
};

/**
 * One web socket between a call and the application, on which the network is the client: the caller's audio goes out as
 * it is given, the application's comes in at any pace and is read at real time. Lives once; a new one is made to
 * connect again.
 */
export class MediaLeg {
  readonly events: TypedEvents<MediaLegEvents>;
  readonly #options: MediaLegOptions;
  readonly #socket: WebSocket;
  readonly #playout = new PlayoutBuffer(MAX_BUFFERED_MS);
  /** By participant: each one's sound is a stream of its own. */
  readonly #out = new Map<string | undefined, Resampler>();
  readonly #in: Resampler;
  readonly #counters = { malformedFrames: 0, unwantedFrames: 0, overflowFrames: 0, unsentFrames: 0, stops: 0 };
  readonly #gone: Promise<void>;
  readonly #faults: MediaFaults | undefined;
  #closing = false;
  #ended = false;
  /** Ends the wait of a loss that nobody has noticed yet. */
  #notice: (() => void) | undefined;

  constructor(options: MediaLegOptions) {
    this.#options = options;
    this.#in = new Resampler(options.rateHz, SAMPLE_RATE);
    this.events = new TypedEvents((event, error) =>
      options.log.error({ event, error: messageOf(error) }, 'a listener of the media leg failed'),
    );
    this.#socket = new WebSocket(options.transportUrl, {
      headers: options.headers,
      handshakeTimeout: CONNECT_MS,
      maxPayload: MAX_FRAME_BYTES,
      perMessageDeflate: false,
    });
    this.#faults =
      options.disturbances &&
      new MediaFaults(options.disturbances, {
        cut: () => this.#socket.terminate(),
        hand: ({ data, isBinary }) => this.#receive(data, isBinary),
      });
    this.#gone = new Promise((resolve) => this.#listen(resolve));
  }

  /** Sends everybody's next 20 ms; where somebody has none, silence. */
  sendVoices(voices: readonly Voice[]): void {
    if (this.#options.unmixed) for (const { participant, frame } of voices) this.#sendVoice(participant, frame);
    // A mixed stream is nobody's.
    else this.#sendVoice(undefined, mixed(voices.map(({ frame }) => frame)));
  }

  #sendVoice(participant: string | undefined, frame: Uint8Array | undefined): void {
    if (this.#socket.readyState !== WebSocket.OPEN || this.#faults?.losesVoice()) return;
    if (this.#socket.bufferedAmount > MAX_BACKLOG_BYTES) {
      this.#counters.unsentFrames++;
      return;
    }
    const silent = isDigitalSilence(frame);
    const pcm = this.#outOf(participant).write(frame ?? SILENCE);
    this.#socket.send(encodeServiceAudio(pcm, new Date(), participant, silent));
  }

  #outOf(participant: string | undefined): Resampler {
    const known = this.#out.get(participant);
    if (known) return known;
    const resampler = new Resampler(SAMPLE_RATE, this.#options.rateHz);
    this.#out.set(participant, resampler);
    return resampler;
  }

  sendTone(tone: string): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(encodeServiceDtmf(tone));
  }

  /** The application's next 20 ms; nothing when it has none. */
  readPlayout(): Uint8Array | undefined {
    return this.#playout.read();
  }

  /** Resolves when the socket is gone, a second from now at the latest. Idempotent. */
  close(reason: string): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      if (this.#notice) this.#notice();
      else if (this.#socket.readyState === WebSocket.CONNECTING) this.#socket.terminate();
      else this.#socket.close(1000, reason);
      setTimeout(() => this.#socket.terminate(), CLOSE_MS).unref();
    }
    return this.#gone;
  }

  #listen(gone: () => void): void {
    let opened = false;
    const end = (how: 'refused' | 'lost', status: number, problem: string) => {
      if (this.#ended) return;
      this.#ended = true;
      this.#faults?.close();
      this.#playout.clear();
      this.#logCounters();
      this.events.emit('ended', this.#closing ? 'closed' : how, status, problem);
      this.events.removeAll();
      gone();
    };
    this.#socket.on('open', () => {
      opened = true;
      this.#socket.send(encodeServiceMetadata(this.#options.subscriptionId, this.#options.rateHz));
      this.events.emit('open');
    });
    this.#socket.on('message', (data, isBinary) => {
      if (this.#faults) this.#faults.put({ data, isBinary });
      else this.#receive(data, isBinary);
    });
    this.#socket.on('unexpected-response', (request, response) => {
      response.resume();
      request.destroy();
      end('refused', response.statusCode ?? 0, `The upgrade was answered with HTTP ${response.statusCode}.`);
    });
    this.#socket.on('error', (error) => {
      if (!opened) end('refused', 0, messageOf(error));
    });
    this.#socket.on('close', (code, reason) => {
      const lost = () => end('lost', code, reason.toString());
      const lateMs = code === BROKEN && !this.#closing ? (this.#options.lossNoticedAfterMs?.() ?? 0) : 0;
      if (lateMs === 0) return lost();
      const timer = setTimeout(lost, lateMs).unref();
      this.#notice = () => {
        clearTimeout(timer);
        lost();
      };
    });
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#closing) return;
    try {
      const frame = parseAppFrame(isBinary ? '' : data.toString());
      if (frame.kind === 'stop') {
        this.#counters.stops++;
        this.#in.reset();
        this.events.emit('audioStopped', this.#playout.clear());
      } else if (frame.kind !== 'audio' || !this.#options.bidirectional) {
        this.#counters.unwantedFrames++;
      } else if (!this.#playout.write(this.#in.write(frame.pcm))) {
        this.#counters.overflowFrames++;
      }
    } catch (error) {
      this.#counters.malformedFrames++;
      if (this.#counters.malformedFrames === 1) {
        this.#options.log.warn({ problem: messageOf(error) }, 'malformed media frame; more are counted, not logged');
      }
    }
  }

  #logCounters(): void {
    const { stops, ...faults } = this.#counters;
    if (Object.values(faults).some((count) => count > 0)) this.#options.log.warn(faults, 'media frames not used');
    this.#options.log.debug({ stops }, 'media socket is gone');
  }
}
