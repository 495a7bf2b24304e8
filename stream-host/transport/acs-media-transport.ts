import type { WebSocket } from 'ws';
import {
  AUDIO_RATES,
  type AudioRate,
  bytesPerMsAt,
  FRAME_MS,
  frameBytesAt,
  isAudioRate,
  SAMPLE_RATE,
} from '../../shared/audio/pcm.ts';
import { appAudioBytes, readServiceAudio } from '../../shared/carrier/acs/audio-frame.ts';
import { APP_STOP, parseServiceFrame, type ServiceFrame } from '../../shared/carrier/acs/media-frames.ts';
import { messageOf } from '../../shared/errors.ts';
import { CLOSE } from '../../shared/protocol/close-codes.ts';
import { CALL_LIMITS } from '../../shared/protocol/limits.ts';
import { TypedEvents } from '../../shared/typed-events.ts';
import type { SessionEventSource } from '../contract/events.ts';
import type { Transport, TransportCounts, TransportEvents } from '../contract/line.ts';
import { LineGuard } from './line-guard.ts';
import { LineRates } from './line-rates.ts';
import { LiveSocket, type LiveSocketOptions } from './live-socket.ts';
import { SilenceWatch } from './silence-watch.ts';

export interface AcsMediaTransportOptions extends LiveSocketOptions {
  /** How long the socket may stay without metadata, and then without any audio. */
  readonly firstAudioMs?: number;
  /** How long it may stay without audio after that. */
  readonly silentMs?: number;
  /** The longest message of the agent's voice. */
  readonly longestMessageMs?: number;
}

/** Unsent output at which the line counts as slow: about a second of frames as text. What is at hand is dropped. */
const MAX_BUFFERED_BYTES_PER_HZ = 3;

/**
 * The media socket of a phone call: ACS is the client, we answer with audio and stop commands. The metadata say the
 * line's rate.
 */
export class AcsMediaTransport implements Transport {
  readonly channel = 'phone';
  readonly events: TypedEvents<TransportEvents>;
  readonly #socket: LiveSocket;
  readonly #guard: LineGuard;
  readonly #watch: SilenceWatch;
  readonly #rates = new LineRates({ heardHz: SAMPLE_RATE, playedHz: SAMPLE_RATE });
  readonly #longestMessageFrames: number;
  #lineHz: AudioRate = SAMPLE_RATE;
  #ready = false;
  #followed = false;

  constructor(socket: WebSocket, options: AcsMediaTransportOptions) {
    const { clock, log, firstAudioMs = CALL_LIMITS.firstAudioMs, silentMs = CALL_LIMITS.silentMs } = options;
    this.#longestMessageFrames = framesIn(options.longestMessageMs ?? CALL_LIMITS.voiceMs);
    this.events = new TypedEvents((event, error) => log.error({ event, err: error }, 'line listener failed'));
    this.#socket = new LiveSocket(socket, options);
    this.#guard = new LineGuard(clock, (code, reason) => this.close(code, reason));
    this.#socket.events.on('text', (text) => this.#onText(text));
    this.#socket.events.on('binary', () => this.#guard.onMalformed('A binary frame, where ACS sends JSON text only.'));
    this.#socket.events.on('control', () => this.#guard.admits(0));
    this.#socket.events.on('closed', (code, reason) => this.#onClosed(code, reason));
    this.#watch = new SilenceWatch({
      clock,
      firstMs: firstAudioMs,
      laterMs: silentMs,
      onSilent: (wasHeard, waitedMs) => {
        const missing = wasHeard ? 'Audio stopped.' : this.#ready ? 'No audio came.' : 'No AudioMetadata came.';
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
      if (this.#socket.bufferedBytes <= mostBuffered && this.#socket.send(appAudioBytes(message))) continue;
      this.#guard.count('dropped', (pcm.length - at) / frameBytes);
      return false;
    }
    return true;
  }

  stopAudio(): void {
    this.#rates.silenced();
    this.#socket.send(APP_STOP);
  }

  /** ACS shows nothing: anything but audio and stop commands would be foreign to it. */
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

  #onText(text: string): void {
    if (text.length > CALL_LIMITS.frameChars) {
      this.close(CLOSE.oversized, `A frame of ${text.length} characters; ${CALL_LIMITS.frameChars} are the limit.`);
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
      this.#guard.onMalformed(messageOf(error));
      return;
    }
    if (frame.kind === 'audio') this.#onAudio(frame);
    else if (this.#guard.admits(0)) this.#onFrame(frame);
  }

  #onFrame(frame: Exclude<ServiceFrame, { kind: 'audio' }>): void {
    switch (frame.kind) {
      case 'metadata':
        this.#onMetadata(frame);
        return;
      case 'dtmf':
        this.events.emit('dtmf', frame.tone);
        return;
      // ACS sends words on a socket of their own.
      case 'transcript':
      case 'transcript-metadata':
      case 'unknown':
        this.#guard.count('foreign');
    }
  }

  #onMetadata(frame: Extract<ServiceFrame, { kind: 'metadata' }>): void {
    const { encoding, sampleRate, channels } = frame;
    if (encoding.toUpperCase() !== 'PCM' || !isAudioRate(sampleRate) || channels !== 1) {
      const given = `${encoding || 'no encoding'}, ${sampleRate} Hz, ${channels} channel(s)`;
      this.close(
        CLOSE.unsupportedAudio,
        `PCM, ${AUDIO_RATES.join(', ')} Hz, mono is expected, not ${given}.`.replace(/NaN/g, 'no'),
      );
      return;
    }
    if (sampleRate !== this.#lineHz) {
      this.#lineHz = sampleRate;
      this.#rates.lineIs({ heardHz: sampleRate, playedHz: sampleRate });
    }
    // ACS sends it again when it resumes a stream on the same socket; the conversation goes on.
    if (this.#ready) return;
    this.#ready = true;
    this.#watch.restart();
    this.events.emit('ready');
  }

  #onAudio(frame: Extract<ServiceFrame, { kind: 'audio' }>): void {
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
