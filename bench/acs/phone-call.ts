import { FRAME_BYTES, SAMPLE_RATE } from '../../shared/audio/pcm.ts';
import { encodeServiceMetadata } from '../../shared/protocol/acs-media.ts';
import { type CallerEvent, type CallerHabits, type CallerState, step } from './caller-script.ts';
import { FarSide, type LineRecord } from './far-side.ts';
import type { Histogram } from './histogram.ts';
import { type Mark, readMark, readMarkDigits } from './marker.ts';
import { MediaSocket } from './media-socket.ts';
import type { DialOutcome, SeenStop } from './messages.ts';
import { monotonicMs } from './monotonic.ts';
import { encodeFrame, type Frame, OPCODE } from './web-socket-frames.ts';

/** A clip as it goes over the wire: one JSON text for each 20 ms, in a masked frame. */
export interface SpokenClip {
  readonly kind: 'turn' | 'interruption';
  readonly frames: readonly Buffer[];
}

/** Where all calls of the process write what they see. */
export interface PhoneRecord extends LineRecord {
  readonly stops: SeenStop[];
}

export interface PhoneCallOptions {
  readonly id: string;
  readonly url: string;
  readonly token: string;
  readonly clips: readonly SpokenClip[];
  /** The noise of a line on which nobody speaks, in frames too. */
  readonly noise: readonly Buffer[];
  readonly habits: CallerHabits;
  readonly random: () => number;
  /** Where what is seen at this moment belongs. */
  readonly record: (nowMs: number) => PhoneRecord;
  readonly response: Histogram;
  readonly onClosed: (reason: string) => void;
}

/** An interruption that has not stopped the agent after so long is missed. */
const HEED_MS = 1500;
const AUDIO_PREFIX = '{"kind":"AudioData","audioData":{"data":"';
const AUDIO_SUFFIX = '"},"stopAudio":null}';
const FILL = '='.charCodeAt(0);
const STOP_PREFIX = '{"kind":"StopAudio"';
const METADATA_KEY = 0x5eed_0001;

/** One call: ACS's media socket with somebody on the phone who listens, answers and cuts in. */
export class PhoneCall {
  readonly #options: PhoneCallOptions;
  readonly #socket: MediaSocket;
  readonly #dialled = Promise.withResolvers<DialOutcome>();
  readonly #farSide: FarSide;
  #state: CallerState;
  #clip: SpokenClip | undefined;
  #nextFrame = 0;
  #noiseAt: number;
  #saidAtMs = 0;
  #interruption: { readonly onsetMs: number } | undefined;
  #ended = false;

  constructor(options: PhoneCallOptions) {
    this.#options = options;
    this.#farSide = new FarSide(options.record);
    this.#noiseAt = Math.floor(options.random() * options.noise.length);
    // Nobody says a word before the greeting, unless none comes.
    this.#state = { name: 'pausing', untilMs: Number.POSITIVE_INFINITY };
    const headers = { authorization: `Bearer ${options.token}`, 'x-ms-call-connection-id': `call-${options.id}` };
    this.#socket = new MediaSocket(`${options.url}?session_id=${options.id}`, headers, {
      onOpen: () => this.#onOpen(),
      onRefused: (status, body) => this.#onRefused(status, body),
      onText: (frame) => this.#receive(frame),
      onClose: (code, reason) => this.#onClose(code, reason),
    });
  }

  /** Settles when the socket is open or refused. */
  dial(): Promise<DialOutcome> {
    return this.#dialled.promise;
  }

  /** Sends the next 20 ms of the caller's line. */
  tick(): void {
    if (this.#ended || !this.#socket.isOpen) return;
    this.#handle('tick');
    const frame = this.#clip?.frames[this.#nextFrame];
    if (!frame) {
      this.#noiseAt = (this.#noiseAt + 1) % this.#options.noise.length;
      const noise = this.#options.noise[this.#noiseAt];
      if (noise) this.#socket.send(noise);
      return;
    }
    if (this.#nextFrame === 0 && this.#clip?.kind === 'interruption') this.#interruption = { onsetMs: monotonicMs() };
    this.#nextFrame += 1;
    this.#socket.send(frame);
    if (this.#nextFrame === this.#clip?.frames.length) {
      this.#clip = undefined;
      this.#saidAtMs = monotonicMs();
      this.#handle('said');
    }
  }

  hangUp(): void {
    this.#ended = true;
    this.#socket.close(1000, 'The caller has hung up.');
  }

  #handle(event: CallerEvent): void {
    const nowMs = monotonicMs();
    if (this.#interruption && nowMs > this.#interruption.onsetMs + HEED_MS) {
      this.#interruption = undefined;
      this.#options.record(nowMs).counts.missedInterruptions += 1;
    }
    const context = { nowMs, agentQuietMs: this.#farSide.quietMsAt(nowMs), random: this.#options.random };
    const { state, act } = step(this.#state, event, context, this.#options.habits);
    this.#state = state;
    if (act === 'say-turn') this.#say('turn');
    else if (act === 'say-interruption') {
      this.#options.record(nowMs).counts.interruptions += 1;
      this.#say('interruption');
    } else if (act === 'give-up-waiting') this.#options.record(nowMs).counts.unanswered += 1;
  }

  #say(kind: SpokenClip['kind']): void {
    const clips = this.#options.clips.filter((clip) => clip.kind === kind);
    this.#clip = clips[Math.floor(this.#options.random() * clips.length)];
    this.#nextFrame = 0;
  }

  #onOpen(): void {
    const { id } = this.#options;
    const metadata = Buffer.from(encodeServiceMetadata(id, SAMPLE_RATE));
    this.#socket.send(encodeFrame(OPCODE.text, metadata, METADATA_KEY));
    this.#state = { name: 'pausing', untilMs: monotonicMs() + 4000 };
    this.#dialled.resolve({ id, outcome: 'connected' });
  }

  #onRefused(status: number, body: string): void {
    this.#ended = true;
    const code = /"code":"([^"]+)"/.exec(body)?.[1] ?? '';
    this.#dialled.resolve({ id: this.#options.id, outcome: 'refused', status, code });
  }

  #receive(frame: Frame): void {
    const nowMs = monotonicMs();
    if (frame.startsWith(STOP_PREFIX)) {
      this.#onStop(nowMs);
      return;
    }
    const answerBegins = this.#farSide.take(marksOf(frame), nowMs);
    if (!answerBegins || this.#farSide.answer === 0) return;
    this.#options.record(nowMs).counts.answers += 1;
    if (this.#state.name === 'waiting') this.#options.response.add(nowMs - this.#saidAtMs);
    this.#handle('answer-audible');
  }

  #onStop(nowMs: number): void {
    const record = this.#options.record(nowMs);
    const port = this.#socket.localPort;
    this.#farSide.stop(nowMs);
    if (this.#interruption) {
      record.stops.push({ port, receivedMs: nowMs, onsetMs: this.#interruption.onsetMs });
      this.#interruption = undefined;
      return;
    }
    record.stops.push({ port, receivedMs: nowMs });
    // A question can run into an answer that comes late: then the agent gives way to it, rightly.
    if (this.#clip === undefined && nowMs > this.#saidAtMs + HEED_MS) record.counts.uncalledStops += 1;
  }

  #onClose(code: number, reason: string): void {
    this.#dialled.resolve({ id: this.#options.id, outcome: 'refused', status: 0, code: 'closed' });
    if (this.#ended) return;
    this.#ended = true;
    this.#options.record(monotonicMs()).counts.closed += 1;
    this.#options.onClosed(`${code} ${reason}`);
  }
}

/** A mark for each frame of a message, read from the digits where it stands at the frame's beginning: nearly always. */
function marksOf(message: Frame): (Mark | undefined)[] {
  const marks: (Mark | undefined)[] = [];
  const bytes = message.startsWith(AUDIO_PREFIX) ? audioBytesOf(message) : 0;
  for (let at = 0; at < bytes; at += FRAME_BYTES) {
    const mark = readMarkDigits(message, AUDIO_PREFIX.length, at);
    if (!mark) return decodedMarksOf(message);
    marks.push(mark);
  }
  return marks.length > 0 ? marks : decodedMarksOf(message);
}

/** Three bytes for each four digits, less what fills up the last of them. */
function audioBytesOf(message: Frame): number {
  const digits = message.length - AUDIO_PREFIX.length - AUDIO_SUFFIX.length;
  const last = AUDIO_PREFIX.length + digits - 1;
  const filled = Number(message.byteAt(last) === FILL) + Number(message.byteAt(last - 1) === FILL);
  return (digits / 4) * 3 - filled;
}

function decodedMarksOf(message: Frame): (Mark | undefined)[] {
  const { audioData } = JSON.parse(message.copy().toString()) as { audioData?: { data?: string } };
  const pcm = Buffer.from(audioData?.data ?? '', 'base64');
  const marks: (Mark | undefined)[] = [];
  for (let at = 0; at < pcm.length; at += FRAME_BYTES) marks.push(readMark(pcm.subarray(at, at + FRAME_BYTES)));
  return marks;
}
