import type { WebSocket } from 'ws';
import { type AudioRate, BYTES_PER_MS, frameBytesAt, SAMPLE_RATE } from '../../shared/audio/pcm.ts';
import type { Clock } from '../../shared/clock.ts';
import { withoutControls } from '../../shared/control-characters.ts';
import { jsonOf } from '../../shared/json.ts';
import { toBase64 } from '../../shared/protocol/base64.ts';
import { type BrowserCommand, type BrowserMessage, browserCommand } from '../../shared/protocol/browser.ts';
import { CLOSE } from '../../shared/protocol/close-codes.ts';
import { CONVERSATION_LIMITS as LIMITS } from '../../shared/protocol/limits.ts';
import { TypedEvents } from '../../shared/typed-events.ts';
import type { CallSummary, SessionEventSource } from '../contract/events.ts';
import type { Transport, TransportCounts, TransportEvents } from '../contract/line.ts';
import type { StopCause } from '../contract/mouth.ts';
import { type BrowserSession, spentMessage, tellBrowser } from './browser-messages.ts';
import { LineGuard } from './line-guard.ts';
import { LineRates } from './line-rates.ts';
import { LiveSocket, type LiveSocketOptions } from './live-socket.ts';
import { SilenceWatch } from './silence-watch.ts';

export const BROWSER_RATES = [16_000, 24_000, 48_000] as const;
export type BrowserRate = (typeof BROWSER_RATES)[number];

export interface BrowserTransportOptions extends LiveSocketOptions {
  /** The rate of `audio_data`, Hz. */
  readonly sampleRate: BrowserRate;
  /** How long the socket may stay without any audio: a person may be asked for the microphone meanwhile. */
  readonly firstAudioMs?: number;
  /** How long it may stay without audio after that. */
  readonly silentMs?: number;
}

/** A text that is too long to be read is as much work as so much sound, and refused. */
const LONG_TEXT_COSTS_MS = 1000;
/** A text is as much a sign of life as so much sound. */
const TYPED_COUNTS_AS_MS = 100;
/** Unsent output at which the browser counts as slow: about two seconds at 48 kHz. What is at hand is dropped. */
const MAX_BUFFERED_BYTES = 256 * 1024;

/**
 * A browser on the line. Audio up is binary, at 16 kHz; everything down is JSON text (see shared/protocol/browser.ts).
 *
 * `audio_data` frames count from 0 in each answer. How many there will be is not known while the answer is still being
 * written, so `total_frames` is -1; the answer's end is a frame of silence with `is_final`.
 */
export class BrowserTransport implements Transport {
  readonly channel = 'browser';
  readonly events: TypedEvents<TransportEvents>;
  readonly ready = true;
  readonly #socket: LiveSocket;
  readonly #clock: Clock;
  readonly #guard: LineGuard;
  readonly #watch: SilenceWatch;
  readonly #sampleRate: BrowserRate;
  readonly #rates: LineRates;
  #session: BrowserSession | undefined;
  #followed = false;
  /** Typed before there was a session to take it. */
  #earlyText: string | undefined;
  #earlyEnd = false;
  #frameIndex = 0;
  #typedAtMs = Number.NEGATIVE_INFINITY;

  constructor(socket: WebSocket, options: BrowserTransportOptions) {
    const { clock, log, firstAudioMs = LIMITS.firstAudioMs, silentMs = LIMITS.silentMs } = options;
    this.#clock = clock;
    this.#sampleRate = options.sampleRate;
    this.#rates = new LineRates({ heardHz: SAMPLE_RATE, playedHz: options.sampleRate });
    this.events = new TypedEvents((event, error) => log.error({ event, err: error }, 'line listener failed'));
    this.#socket = new LiveSocket(socket, options);
    this.#guard = new LineGuard(clock, (code, reason) => this.close(code, reason));
    this.#socket.events.on('binary', (data) => this.#onAudio(data));
    this.#socket.events.on('text', (text) => this.#onText(text));
    this.#socket.events.on('control', () => this.#guard.admits(0));
    this.#socket.events.on('closed', (code, reason) => this.#onClosed(code, reason));
    this.#watch = new SilenceWatch({
      clock,
      firstMs: firstAudioMs,
      laterMs: silentMs,
      onSilent: (wasHeard, waitedMs) => this.#onSilent(wasHeard, waitedMs),
    });
  }

  get closed(): boolean {
    return !this.#socket.open;
  }

  get counts(): TransportCounts {
    return this.#guard.counts;
  }

  /** Says whose session this is: the first message of the socket. */
  introduce(session: BrowserSession): void {
    this.#session = session;
    this.#send({
      type: 'session_ready',
      session_id: session.sessionId,
      agent: session.agent,
      mode: session.mode,
      sample_rate: this.#sampleRate,
      resumed: session.resumed,
      scripted: session.scripted,
      ...(session.replaces !== undefined && { replaces: session.replaces }),
      ...(session.returnTicket !== undefined && { return_ticket: session.returnTicket }),
    });
  }

  follow(events: SessionEventSource, rateHz: AudioRate): void {
    if (!this.#session) throw new Error('A browser must be introduced to its session before it follows its events.');
    this.#followed = true;
    this.modeIs(rateHz);
    events.on('agentSpoke', ({ interrupted }) => this.#endAnswer(interrupted));
    tellBrowser(this.#session, events, (message) => this.#send(message), this.#clock);
    const early = this.#earlyText;
    this.#earlyText = undefined;
    // Whoever follows now listens in a moment.
    if (early !== undefined) queueMicrotask(() => this.#onTyped(early));
    if (this.#earlyEnd) queueMicrotask(() => this.events.emit('endRequested'));
  }

  sendAudio(frames: Uint8Array): boolean {
    const frameBytes = frameBytesAt(this.#rates.modeHz);
    if (this.#socket.bufferedBytes > MAX_BUFFERED_BYTES || this.closed) {
      this.#guard.count('dropped', frames.length / frameBytes);
      return false;
    }
    // The contract's messages are frames of 20 ms, and counted.
    for (let at = 0; at < frames.length; at += frameBytes) {
      this.#sendFrame(frames.subarray(at, at + frameBytes), false);
    }
    return !this.closed;
  }

  stopAudio(cause: StopCause): void {
    this.#rates.silenced();
    this.#send({
      type: 'control',
      action: 'tts_cancelled',
      // The old contract's only reason. What is no barge-in says what it is.
      reason: cause === 'voice' || cause === 'command' ? 'barge_in' : cause,
      at: cause,
      session_id: this.#session?.sessionId ?? '',
    });
  }

  modeIs(rateHz: AudioRate): void {
    this.#rates.modeIs(rateHz);
  }

  probe(timeoutMs: number): Promise<boolean> {
    return this.#socket.probe(timeoutMs);
  }

  /** Tells the person something; `code` is for programs. */
  notify(code: string, message: string): void {
    this.#send({ type: 'notice', code, message });
  }

  end(reason: string, spent?: CallSummary): void {
    if (spent) this.#send(spentMessage(spent));
    this.#send({ type: 'session_end', reason, ts: new Date(this.#clock.wallMs()).toISOString() });
    this.close(CLOSE.normal, reason);
  }

  close(code: number, reason: string): void {
    this.#watch.close();
    this.#socket.close(code, reason);
  }

  #onAudio(pcm: Buffer): void {
    if (pcm.length > LIMITS.audioBytes) {
      this.close(CLOSE.oversized, `A frame of ${pcm.length} bytes; ${LIMITS.audioBytes} are the limit.`);
      return;
    }
    if (pcm.length % 2 !== 0) {
      this.#guard.onMalformed('The audio is no whole number of 16-bit samples.');
      return;
    }
    const audioMs = pcm.length / BYTES_PER_MS;
    this.#watch.heard(audioMs);
    if (!this.#guard.admits(audioMs) || pcm.length === 0) return;
    if (this.#followed) this.events.emit('audio', this.#rates.toMode(pcm, undefined), undefined);
    else this.#guard.count('early');
  }

  #onSilent(wasHeard: boolean, waitedMs: number): void {
    const what = wasHeard ? 'Your microphone’s sound stopped coming' : 'No audio came';
    const reason = `${what}: waited ${waitedMs} ms. Allow the microphone and connect again.`;
    this.notify('caller.no-audio', reason);
    this.close(CLOSE.noAudio, reason);
  }

  #onText(text: string): void {
    const isLong = text.length > LIMITS.textChars;
    if (!this.#guard.admits(isLong ? LONG_TEXT_COSTS_MS : 0)) return;
    if (isLong) {
      // Whatever it was to be: nobody types so much, and it is read no further.
      this.#onTyped(text);
      return;
    }
    const command = commandOf(text);
    switch (command?.type) {
      case 'end':
        if (this.#followed) this.events.emit('endRequested');
        else this.#earlyEnd = true;
        return;
      case 'interrupt':
        this.events.emit('interrupt');
        return;
      case 'text':
        this.#onTyped(command.text);
        return;
      default:
        this.#guard.count('foreign');
    }
  }

  #onTyped(given: string): void {
    const text = withoutControls(given.replaceAll(/\s+/g, ' ')).trim();
    if (!this.#followed) {
      // Kept until the session is there; one that typed twice by then meant both.
      this.#earlyText = this.#earlyText === undefined ? text : `${this.#earlyText} ${text}`.slice(0, LIMITS.typedChars);
      return;
    }
    const refusal = this.#refusalOf(text);
    if (refusal) {
      this.notify(refusal.code, refusal.message);
    } else {
      this.#typedAtMs = this.#clock.now();
      this.#watch.heard(TYPED_COUNTS_AS_MS);
      this.events.emit('text', text);
    }
  }

  #refusalOf(typed: string): { readonly code: string; readonly message: string } | undefined {
    const { length } = typed;
    if (length === 0) return { code: 'text.empty', message: 'There was no word in what you typed.' };
    if (length > LIMITS.typedChars) {
      const message = `You typed ${length} characters; ${LIMITS.typedChars} are the limit. Please say it shorter.`;
      return { code: 'text.too-long', message };
    }
    if (this.#clock.now() - this.#typedAtMs >= LIMITS.typedEveryMs) return undefined;
    return { code: 'text.too-fast', message: 'That came too soon after the last text. Please send it again.' };
  }

  /** After an answer that was played to its end, the frame that says so. */
  #endAnswer(interrupted: boolean): void {
    if (!interrupted && this.#frameIndex > 0) {
      this.#rates.silenced();
      this.#sendFrame(new Uint8Array(frameBytesAt(this.#rates.modeHz)), true);
    }
    this.#frameIndex = 0;
  }

  #sendFrame(frame: Uint8Array, isFinal: boolean): boolean {
    const pcm = this.#rates.toLine(frame);
    const data = toBase64(pcm);
    // Built by hand: this runs fifty times a second for each session.
    return this.#sendText(
      `{"type":"audio_data","data":"${data}","frame_index":${this.#frameIndex++},"total_frames":-1,` +
        `"sample_rate":${this.#sampleRate},"is_final":${isFinal}}`,
    );
  }

  #send(message: BrowserMessage): void {
    this.#sendText(JSON.stringify(message));
  }

  #sendText(text: string): boolean {
    return this.#socket.send(text);
  }

  #onClosed(code: number, reason: string): void {
    this.#watch.close();
    this.events.emit('closed', code, reason);
    this.events.removeAll();
  }
}

/** A text that is no JSON object is what the caller typed, as it is for the Python accelerator. */
function commandOf(text: string): BrowserCommand | undefined {
  const said = /^\s*\{/.test(text) ? jsonOf(text) : undefined;
  return said === undefined ? { type: 'text', text } : browserCommand.safeParse(said).data;
}
