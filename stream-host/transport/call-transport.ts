import type { WebSocket } from 'ws';
import { type AudioRate, bytesPerMsAt, FRAME_MS, frameBytesAt, SAMPLE_RATE } from '../../shared/audio/pcm.ts';
import type { LineCodec, LineFormat, LineFrame } from '../../shared/carrier/line-format.ts';
import { messageOf, ParleyError } from '../../shared/errors.ts';
import { CLOSE } from '../../shared/protocol/close-codes.ts';
import { CALL_LIMITS } from '../../shared/protocol/limits.ts';
import { TypedEvents } from '../../shared/typed-events.ts';
import type { SessionEventSource } from '../contract/events.ts';
import type { Transport, TransportCounts, TransportEvents } from '../contract/line.ts';
import { LineGuard } from './line-guard.ts';
import { LineRates } from './line-rates.ts';
import { LiveSocket, type LiveSocketOptions } from './live-socket.ts';
import { SilenceWatch } from './silence-watch.ts';

export interface CallTransportOptions extends LiveSocketOptions {
  /** How the carrier writes what goes over its sockets. */
  readonly line: LineFormat;
  /** How long the socket may stay without saying its format, and then without any audio. */
  readonly firstAudioMs?: number;
  /** How long it may stay without audio after that. */
  readonly silentMs?: number;
  /** The longest message of the agent's voice. */
  readonly longestMessageMs?: number;
}

/** Unsent output at which the line counts as slow: about a second of frames as text. What is at hand is dropped. */
const MAX_BUFFERED_BYTES_PER_HZ = 3;

/**
 * The media socket of a phone call: the carrier is the client, we answer with audio and stop commands. It says the line's
 * rate before anything is heard.
 */
export class CallTransport implements Transport {
  readonly channel = 'phone';
  readonly events: TypedEvents<TransportEvents>;
  readonly #codec: LineCodec;
  readonly #socket: LiveSocket;
  readonly #guard: LineGuard;
  readonly #watch: SilenceWatch;
  readonly #rates = new LineRates({ heardHz: SAMPLE_RATE, playedHz: SAMPLE_RATE });
  readonly #longestMessageFrames: number;
  #lineHz: AudioRate = SAMPLE_RATE;
  #ready = false;
  #followed = false;

  constructor(socket: WebSocket, options: CallTransportOptions) {
    const { clock, log, firstAudioMs = CALL_LIMITS.firstAudioMs, silentMs = CALL_LIMITS.silentMs } = options;
    this.#longestMessageFrames = framesIn(options.longestMessageMs ?? CALL_LIMITS.voiceMs);
    this.events = new TypedEvents((event, error) => log.error({ event, err: error }, 'line listener failed'));
    this.#codec = options.line.open();
    this.#socket = new LiveSocket(socket, options);
    this.#guard = new LineGuard(clock, (code, reason) => this.close(code, reason));
    this.#socket.events.on('text', (text) => this.#onMessage(text));
    this.#socket.events.on('binary', (bytes) => this.#onMessage(bytes));
    this.#socket.events.on('control', () => this.#guard.admits(0));
    this.#socket.events.on('closed', (code, reason) => this.#onClosed(code, reason));
    this.#watch = new SilenceWatch({
      clock,
      firstMs: firstAudioMs,
      laterMs: silentMs,
      onSilent: (wasHeard, waitedMs) => {
        const missing = wasHeard
          ? 'Audio stopped.'
          : this.#ready
            ? 'No audio came.'
            : 'The format of the audio did not come.';
        this.close(CLOSE.noAudio, `${missing} Waited ${waitedMs} ms.`);
      },
    });
  }

  get ready(): boolean {
    return this.#ready;
  }

  get closed(): boolean {
    return !this.#socket.open;
  }

  get counts(): TransportCounts {
    return this.#guard.counts;
  }

  sendAudio(frames: Uint8Array): boolean {
    const pcm = this.#rates.toLine(frames);
    const frameBytes = frameBytesAt(this.#lineHz);
    const longest = this.#longestMessageFrames * frameBytes;
    const mostBuffered = this.#lineHz * MAX_BUFFERED_BYTES_PER_HZ;
    for (let at = 0; at < pcm.length; at += longest) {
      const message = pcm.subarray(at, at + longest);
      if (this.#socket.bufferedBytes <= mostBuffered && this.#socket.send(this.#codec.audio(message))) continue;
      this.#guard.count('dropped', (pcm.length - at) / frameBytes);
      return false;
    }
    return true;
  }

  stopAudio(): void {
    this.#rates.silenced();
    this.#socket.send(this.#codec.stop());
  }

  /** A carrier shows nothing: anything but audio and stop commands would be foreign to it. */
  follow(_events: SessionEventSource, rateHz: AudioRate): void {
    this.modeIs(rateHz);
    this.#followed = true;
  }

  modeIs(rateHz: AudioRate): void {
    this.#rates.modeIs(rateHz);
  }

  probe(timeoutMs: number): Promise<boolean> {
    return this.#socket.probe(timeoutMs);
  }

  end(reason: string): void {
    this.close(CLOSE.normal, reason);
  }

  close(code: number, reason: string): void {
    this.#watch.close();
    this.#socket.close(code, reason);
  }

  #onMessage(message: string | Uint8Array): void {
    if (message.length > CALL_LIMITS.frameChars) {
      this.close(CLOSE.oversized, `A frame of ${message.length} characters; ${CALL_LIMITS.frameChars} are the limit.`);
      return;
    }
    let frame: LineFrame;
    try {
      frame = this.#codec.read(message);
    } catch (error) {
      if (error instanceof ParleyError && error.code === 'protocol.unsupported') {
        this.close(CLOSE.unsupportedAudio, error.message);
      } else {
        this.#guard.onMalformed(messageOf(error));
      }
      return;
    }
    if (frame.kind === 'audio') this.#onAudio(frame);
    else if (this.#guard.admits(0)) this.#onFrame(frame);
  }

  #onFrame(frame: Exclude<LineFrame, { kind: 'audio' }>): void {
    switch (frame.kind) {
      case 'format':
        this.#onFormat(frame.rateHz);
        return;
      case 'key':
        this.events.emit('dtmf', frame.key);
        return;
      // Words have a socket of their own.
      case 'phrase':
      case 'words':
      case 'unknown':
        this.#guard.count('foreign');
    }
  }

  #onFormat(rateHz: AudioRate): void {
    if (rateHz !== this.#lineHz) {
      this.#lineHz = rateHz;
      this.#rates.lineIs({ heardHz: rateHz, playedHz: rateHz });
    }
    // It comes again when a stream is resumed on the same socket; the conversation goes on.
    if (this.#ready) return;
    this.#ready = true;
    this.#watch.restart();
    this.events.emit('ready');
  }

  #onAudio(frame: Extract<LineFrame, { kind: 'audio' }>): void {
    const bytes = frame.pcm.length || frameBytesAt(this.#lineHz);
    const audioMs = bytes / bytesPerMsAt(this.#lineHz);
    if (this.#ready) this.#watch.heard(audioMs);
    const from = frame.participant || undefined;
    if (!this.#guard.admits(audioMs, from)) return;
    if (!this.#ready || !this.#followed) {
      this.#guard.count('early');
      return;
    }
    // A frame marked silent still takes its 20 ms: recognisers measure time by the audio they are given.
    const pcm = frame.silent ? new Uint8Array(bytes) : frame.pcm;
    this.events.emit('audio', this.#rates.toMode(pcm, from), from);
  }

  #onClosed(code: number, reason: string): void {
    this.#watch.close();
    this.events.emit('closed', code, reason);
    this.events.removeAll();
  }
}

/** Whole frames in so much audio; one at least. */
const framesIn = (ms: number): number => Math.max(1, Math.floor(ms / FRAME_MS));
