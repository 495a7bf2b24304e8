import { FrameCutter, samplesOf } from '../../shared/audio/pcm.ts';
import { SILERO_FRAME_SAMPLES, Silero } from '../../shared/audio/silero.ts';
import type { VirtualClock } from '../../shared/virtual-clock.ts';
import type { VoiceActivity, VoiceActivityEvents } from '../../stream-host/contract/speech.ts';
import {
  type AskedFrame,
  JudgedStream,
  VoiceActivityJudge,
} from '../../stream-host/speech/voice-activity/voice-activity-judge.ts';

/** More than this at once is no faster, and memory grows with it. */
const LARGEST_BATCH = 64;
/** A scene's detector is asked every 20 ms, but not before its lead-in is over: then 160 ms wait. */
const MOST_WAITING_FRAMES = 8;

/** The product's own voice activity, energy gate and all, for many scenes at once and without its thread. */
export class Detector {
  readonly #silero: Silero;
  readonly #judge: VoiceActivityJudge;

  private constructor(silero: Silero) {
    this.#silero = silero;
    this.#judge = new VoiceActivityJudge(silero);
  }

  static async load(): Promise<Detector> {
    return new Detector(await Silero.load());
  }

  /** Judges what waits in each of the scenes. */
  async judge(scenes: readonly SceneVoiceActivity[]): Promise<void> {
    const asked = scenes.flatMap((scene) => scene.take());
    for (let at = 0; at < asked.length; at += LARGEST_BATCH) {
      const batch = asked.slice(at, at + LARGEST_BATCH);
      const { probabilities } = await this.#judge.judge(batch);
      for (const [i, { tell }] of batch.entries()) tell(probabilities[i] ?? 0);
    }
  }

  close(): Promise<void> {
    return this.#silero.close();
  }
}

/** A frame that waits, and who is to be told of it. */
interface WaitingFrame extends AskedFrame {
  tell(probability: number): void;
}

/** One scene's voice activity. What it has heard waits for {@link Detector.judge}. */
export class SceneVoiceActivity implements VoiceActivity {
  readonly #stream = new JudgedStream();
  readonly #cutter = new FrameCutter(2 * SILERO_FRAME_SAMPLES);
  readonly #clock: VirtualClock;
  readonly #answerMs: number;
  readonly #events: VoiceActivityEvents;
  #waiting: WaitingFrame[] = [];
  #closed = false;

  /** @param answerMs from the arrival of a sound's last sample until it is told what it was */
  constructor(clock: VirtualClock, answerMs: number, events: VoiceActivityEvents) {
    this.#clock = clock;
    this.#answerMs = answerMs;
    this.#events = events;
  }

  write(pcm: Uint8Array): void {
    this.#cutter.write(pcm, (frame) => {
      const atMs = this.#clock.now();
      const tell = (probability: number) => {
        if (!this.#closed) this.#clock.after(this.#answerMs, () => this.#events.onFrame(probability, atMs));
      };
      this.#waiting.push({ stream: this.#stream, samples: samplesOf(frame), tell });
      if (this.#waiting.length > MOST_WAITING_FRAMES) this.#waiting.shift();
    });
  }

  take(): WaitingFrame[] {
    return this.#waiting.splice(0);
  }

  close(): void {
    this.#closed = true;
  }
}
