import { Silero } from '../../shared/audio/silero.ts';
import type { VirtualClock } from '../../shared/virtual-clock.ts';
import type { VoiceActivity, VoiceActivityEvents } from '../../stream-host/contract/speech.ts';
import { Detector as SessionDetector } from '../../stream-host/speech/voice-activity/voice-activity-detector.ts';
import { JudgedStream, VoiceActivityJudge } from '../../stream-host/speech/voice-activity/voice-activity-judge.ts';
import { VoiceActivityMemory } from '../../stream-host/speech/voice-activity/voice-activity-memory.ts';

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
    this.#judge = new VoiceActivityJudge({ silero });
  }

  static async load(): Promise<Detector> {
    return new Detector(await Silero.load());
  }

  /** Judges what waits in each of the scenes. */
  async judge(scenes: readonly SceneVoiceActivity[]): Promise<void> {
    const asking = scenes.filter((scene) => scene.handOver());
    for (let at = 0; at < asking.length; at += LARGEST_BATCH) {
      const batch = asking.slice(at, at + LARGEST_BATCH);
      await this.#judge.judge(batch.map(({ stream }) => stream));
      for (const scene of batch) scene.report();
    }
  }

  close(): Promise<void> {
    return this.#silero.close();
  }
}

/** One scene's voice activity. What it has heard waits for {@link Detector.judge}. */
export class SceneVoiceActivity implements VoiceActivity {
  readonly stream: JudgedStream;
  readonly #detector: SessionDetector;

  /** @param answerMs from the arrival of a sound's last sample until it is told what it was */
  constructor(clock: VirtualClock, answerMs: number, events: VoiceActivityEvents) {
    const later: VoiceActivityEvents = {
      onFrame: (...told) => void clock.after(answerMs, () => events.onFrame(...told)),
      onFailure: events.onFailure,
    };
    const owner = {
      arrived: () => clock.now(),
      closed() {},
      listenerThrew(error: unknown) {
        throw error;
      },
    };
    this.#detector = new SessionDetector(1, later, owner, MOST_WAITING_FRAMES);
    this.stream = new JudgedStream(VoiceActivityMemory.attach(this.#detector.memory.shared));
  }

  write(pcm: Uint8Array): void {
    this.#detector.write(pcm);
  }

  handOver(): boolean {
    return this.#detector.handOver();
  }

  report(): void {
    this.#detector.report();
  }

  close(): void {
    this.#detector.close();
  }
}
