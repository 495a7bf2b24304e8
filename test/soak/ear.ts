import { FRAME_BYTES, FRAME_MS } from '../../shared/audio/pcm.ts';
import type { AudioSink } from '../../stream-host/contract/line.ts';
import type { World } from './fault-profile.ts';
import { type AgentUnit, agentUnit, UNIT_BYTES, UNITS_PER_MS } from './line-audio.ts';

export interface EarOptions extends World {
  /** A frame was sent; `speech` is the synthesis that its first samples are of. */
  readonly onFrame: (speech: number) => void;
  readonly onStop: () => void;
  readonly onViolation: (rule: string, detail: string) => void;
}

interface Buffered {
  readonly fromMs: number;
  readonly speech: number;
  readonly unit: number;
}

/** No word of so much may be lost or heard twice where the agent goes on. */
const SEAM_MS = 100;
const FRAME_UNITS = FRAME_BYTES / UNIT_BYTES;

/** The far end of the line: buffers what it gets, plays it in real time, drops it on a stop, as ACS does. */
export class Ear implements AudioSink {
  readonly #options: EarOptions;
  /** Frames that may still be dropped by a stop. */
  #buffered: Buffered[] = [];
  /** How far each synthesis has come to the ear, in units, of what has left the buffer. */
  readonly #heardUnits = new Map<number, number>();
  #playedOutAtMs = 0;
  #refusesUntilMs = 0;
  #last: { readonly speech: number; readonly nextUnit: number } | undefined;
  #goesOn = false;
  frames = 0;
  /** The most that was sent again although it had been heard, when the agent went on after it was held. */
  longestRepeatMs = 0;

  constructor(options: EarOptions) {
    this.#options = options;
  }

  sendAudio(frames: Uint8Array): boolean {
    const { clock, random, faults, onViolation } = this.#options;
    const nowMs = clock.now();
    if (frames.length === 0 || frames.length % FRAME_BYTES !== 0) onViolation('frame-size', `${frames.length} bytes`);
    for (let at = 0; at < frames.length; at += FRAME_BYTES) this.#take(frames.subarray(at, at + FRAME_BYTES), nowMs);
    if (random.chance(faults.now.line * 0.005)) this.#refusesUntilMs = nowMs + random.between(20, 2000);
    return nowMs >= this.#refusesUntilMs;
  }

  #take(frame: Uint8Array, nowMs: number): void {
    const { onFrame } = this.#options;
    const { speech, unit } = agentUnit(frame, 0);
    onFrame(speech);
    this.frames += 1;
    this.#settle(nowMs);
    if (this.#goesOn) this.#checkSeam(speech, unit);
    this.#checkOrder(frame);
    const fromMs = Math.max(nowMs, this.#playedOutAtMs);
    this.#playedOutAtMs = fromMs + FRAME_MS;
    this.#buffered.push({ fromMs, speech, unit });
  }

  stopAudio(): void {
    const nowMs = this.#options.clock.now();
    this.#settle(nowMs);
    this.#buffered = [];
    this.#playedOutAtMs = nowMs;
    this.#last = undefined;
    this.#goesOn = false;
    this.#options.onStop();
  }

  /** The agent was held and goes on: the next frame must fit to what was heard. */
  goesOn(): void {
    this.#goesOn = true;
  }

  /** How much of a synthesis the caller has heard. */
  heardMs(speech: number): number {
    this.#settle(this.#options.clock.now());
    return (this.#heardUnits.get(speech) ?? 0) / UNITS_PER_MS;
  }

  /** What has been played by now counts as heard, the frame in play by its part. */
  #settle(nowMs: number): void {
    let done = 0;
    for (const frame of this.#buffered) {
      if (frame.fromMs >= nowMs) break;
      const units = Math.min(FRAME_UNITS, Math.round((nowMs - frame.fromMs) * UNITS_PER_MS));
      const heard = this.#heardUnits.get(frame.speech) ?? 0;
      this.#heardUnits.set(frame.speech, Math.max(heard, frame.unit + units));
      if (units === FRAME_UNITS) done += 1;
    }
    this.#buffered.splice(0, done);
  }

  #checkSeam(speech: number, unit: number): void {
    this.#goesOn = false;
    const repeatedMs = ((this.#heardUnits.get(speech) ?? 0) - unit) / UNITS_PER_MS;
    this.longestRepeatMs = Math.max(this.longestRepeatMs, repeatedMs);
    if (Math.abs(repeatedMs) <= SEAM_MS) return;
    const what = repeatedMs > 0 ? `${repeatedMs} ms heard twice` : `${-repeatedMs} ms never heard`;
    this.#options.onViolation('resumed-elsewhere', `synthesis ${speech}: ${what}`);
  }

  /** Without a stop in between the audio of a synthesis comes whole and in order. */
  #checkOrder(frame: Uint8Array): void {
    const first = agentUnit(frame, 0);
    const last = agentUnit(frame, frame.length - UNIT_BYTES);
    const whole = last.speech === first.speech && last.unit === first.unit + FRAME_UNITS - 1;
    // Where the ends fit, what is between them does: only the seams of two syntheses are looked through.
    for (let at = 0; at < frame.length; at += whole ? frame.length : UNIT_BYTES) this.#checkUnit(agentUnit(frame, at));
    if (whole) this.#last = { speech: last.speech, nextUnit: last.unit + 1 };
  }

  #checkUnit({ speech, unit }: AgentUnit): void {
    if (speech === 0) return;
    const expected = this.#last?.speech === speech ? this.#last.nextUnit : undefined;
    if (expected !== undefined && unit !== expected) {
      this.#options.onViolation('audio-order', `synthesis ${speech}: unit ${unit} after ${expected - 1}`);
    }
    this.#last = { speech, nextUnit: unit + 1 };
  }
}
