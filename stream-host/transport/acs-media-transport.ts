import type { WebSocket } from 'ws';
import { FRAME_BYTES, SAMPLE_RATE } from '../../shared/audio/pcm.ts';
import type { Cancel, Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import { appAudioBytes, readServiceAudio } from '../../shared/protocol/acs-audio-frame.ts';
import { APP_STOP, parseServiceFrame, type ServiceFrame } from '../../shared/protocol/acs-media.ts';
import { CLOSE } from '../../shared/protocol/close-codes.ts';
import { TypedEvents } from '../../shared/typed-events.ts';
import type { Transport, TransportCounts, TransportEvents } from '../contract/line.ts';
import { LiveSocket, type LiveSocketOptions } from './live-socket.ts';

export interface AcsMediaTransportOptions extends LiveSocketOptions {
  /** How long the socket may stay without metadata, and then without any audio. */
  readonly firstAudioMs?: number;
}

/** Broken frames that a call survives; one more closes its socket. */
const MALFORMED_ALLOWED = 5;
/** A frame is 20 ms, under 1 kB; this is some 400 ms of audio in one text. */
const MAX_FRAME_CHARS = 16 * 1024;
/** Unsent output at which the line counts as slow: about a second of frames. What is at hand is dropped. */
const MAX_BUFFERED_BYTES = 48 * 1024;

/** The media socket of a phone call: ACS is the client, we answer with audio and stop commands. */
export class AcsMediaTransport implements Transport {
  readonly events: TypedEvents<TransportEvents>;
  readonly #socket: LiveSocket;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #firstAudioMs: number;
  readonly #counts = { malformed: 0, foreign: 0, early: 0, dropped: 0 };
  #ready = false;
  #heard = false;
  #cancelWait: Cancel;

  constructor(socket: WebSocket, options: AcsMediaTransportOptions) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#firstAudioMs = options.firstAudioMs ?? 10_000;
    this.events = new TypedEvents((event, error) => this.#log.error({ event, err: error }, 'line listener failed'));
    this.#socket = new LiveSocket(socket, options);
    this.#socket.events.on('text', (text) => this.#onText(text));
    this.#socket.events.on('binary', () => this.#onMalformed('A binary frame, where ACS sends JSON text only.'));
    this.#socket.events.on('closed', (code, reason) => this.#onClosed(code, reason));
    this.#cancelWait = this.#awaitAudio('No AudioMetadata came.');
  }

  get ready(): boolean {
    return this.#ready;
  }

  get closed(): boolean {
    return !this.#socket.open;
  }

  get counts(): TransportCounts {
    return { ...this.#counts };
  }

  sendAudio(frames: Uint8Array): boolean {
    if (this.#socket.bufferedBytes <= MAX_BUFFERED_BYTES && this.#socket.send(appAudioBytes(frames))) return true;
    this.#counts.dropped += frames.length / FRAME_BYTES;
    return false;
  }

  stopAudio(): void {
    this.#socket.send(APP_STOP);
  }

  /** ACS shows nothing: anything but audio and stop commands would be foreign to it. */
  follow(): void {}

  notify(): void {}

  probe(timeoutMs: number): Promise<boolean> {
    return this.#socket.probe(timeoutMs);
  }

  end(reason: string): void {
    this.close(CLOSE.normal, reason);
  }

  close(code: number, reason: string): void {
    this.#cancelWait();
    this.#socket.close(code, reason);
  }

  #awaitAudio(missing: string): Cancel {
    return this.#clock.after(this.#firstAudioMs, () =>
      this.close(CLOSE.noAudio, `${missing} Waited ${this.#firstAudioMs} ms.`),
    );
  }

  #onText(text: string): void {
    if (text.length > MAX_FRAME_CHARS) {
      this.close(CLOSE.oversized, `A frame of ${text.length} characters; ${MAX_FRAME_CHARS} are the limit.`);
      return;
    }
    const audio = readServiceAudio(text);
    if (audio) {
      this.#onAudio(audio);
      return;
    }
    let frame: ServiceFrame;
    try {
      frame = parseServiceFrame(text);
    } catch (error) {
      this.#onMalformed(error instanceof Error ? error.message : 'The frame cannot be read.');
      return;
    }
    this.#onFrame(frame);
  }

  #onFrame(frame: ServiceFrame): void {
    switch (frame.kind) {
      case 'metadata':
        this.#onMetadata(frame);
        return;
      case 'audio':
        this.#onAudio(frame);
        return;
      case 'dtmf':
        this.events.emit('dtmf', frame.tone);
        return;
      case 'unknown':
        this.#counts.foreign += 1;
    }
  }

  #onMetadata(frame: Extract<ServiceFrame, { kind: 'metadata' }>): void {
    const { encoding, sampleRate, channels } = frame;
    if (encoding.toUpperCase() !== 'PCM' || sampleRate !== SAMPLE_RATE || channels !== 1) {
      const given = `${encoding || 'no encoding'}, ${sampleRate} Hz, ${channels} channel(s)`;
      this.close(
        CLOSE.unsupportedAudio,
        `PCM, ${SAMPLE_RATE} Hz, mono is expected, not ${given}.`.replace(/NaN/g, 'no'),
      );
      return;
    }
    // ACS sends it again when it resumes a stream on the same socket; that changes nothing.
    if (this.#ready) return;
    this.#ready = true;
    if (!this.#heard) {
      this.#cancelWait();
      this.#cancelWait = this.#awaitAudio('No audio came.');
    }
    this.events.emit('ready');
  }

  #onAudio(frame: Extract<ServiceFrame, { kind: 'audio' }>): void {
    if (this.#ready && !this.#heard) {
      this.#heard = true;
      this.#cancelWait();
    }
    if (!this.#ready) {
      this.#counts.early += 1;
      return;
    }
    // A frame marked silent still takes its 20 ms: recognisers measure time by the audio they are given.
    this.events.emit('audio', frame.silent ? new Uint8Array(frame.pcm.length || FRAME_BYTES) : frame.pcm);
  }

  #onMalformed(reason: string): void {
    this.#counts.malformed += 1;
    if (this.#counts.malformed > MALFORMED_ALLOWED) this.close(CLOSE.malformed, reason);
  }

  #onClosed(code: number, reason: string): void {
    this.#cancelWait();
    this.events.emit('closed', code, reason);
    this.events.removeAll();
  }
}
