import { encodeServiceMetadata, SAMPLE_RATE } from '../../shared/protocol/acs-media.ts';
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
    const answerBegins = this.#farSide.take(markOf(frame), nowMs);
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

/** Reads the mark from the first digits where it stands at the frame's beginning, which is nearly always. */
function markOf(frame: Frame): Mark | undefined {
  const mark = frame.startsWith(AUDIO_PREFIX) ? readMarkDigits(frame, AUDIO_PREFIX.length) : undefined;
  if (mark) return mark;
  const { audioData } = JSON.parse(frame.copy().toString()) as { audioData?: { data?: string } };
  return readMark(Buffer.from(audioData?.data ?? '', 'base64'));
}
