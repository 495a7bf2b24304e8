import { FRAME_MS, FRAME_SAMPLES } from '../../shared/audio/pcm.ts';
import type { RecogniserEvent } from '../corpus/recogniser-script.ts';
import type { Scene } from '../corpus/scene.ts';
import { Random } from '../random.ts';
import { FarEnd } from './far-end.ts';
import type { SessionSettings, SubjectEvent, Words } from './protocol.ts';

const QUIET_FRAMES = 50;

/** What the caller's line carries, and what a recogniser says about it. Times in milliseconds from its start. */
export interface Playback extends Pick<Scene, 'audio' | 'echo'> {
  readonly words: readonly RecogniserEvent[];
}

interface Running {
  readonly playback: Playback;
  /** Not before that, and from the first frame on: when it began to be spoken. */
  startMs: number;
  /** Where in the audio sent so far the playback began. */
  readonly sentMsAtStart: number;
  readonly resolve: (startMs: number) => void;
  frame: number;
  word: number;
}

/**
 * One session as its caller sees it: what it is sent, 50 times a second, and what comes back. Between playbacks the
 * line carries the faint noise of a quiet room. A frame is sent when its last sample has been spoken, as on a real line.
 */
export class Call {
  readonly session: number;
  readonly settings: SessionSettings;
  readonly farEnd = new FarEnd();
  /** When the language model was asked, and with which words of the caller's. */
  readonly asked: { readonly atMs: number; readonly text: string }[] = [];
  readonly faults: string[] = [];
  readonly #hear: (words: Words) => void;
  readonly #silence: Int16Array;
  #running: Running | undefined;
  #sentFrames = 0;

  /** @param hear what the session's recogniser is to say */
  constructor(session: number, settings: SessionSettings, hear: (words: Words) => void) {
    this.session = session;
    this.settings = settings;
    this.#hear = hear;
    // About -75 dBFS: real lines are never digital silence.
    const random = new Random(`line ${session}`);
    this.#silence = Int16Array.from({ length: QUIET_FRAMES * FRAME_SAMPLES }, () => random.whole(-8, 7));
  }

  /**
   * Plays something to the session.
   * @returns when its first sample was spoken, on the clock of `nowMs`, once all of it has been sent
   */
  play(playback: Playback, nowMs: number): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    const sentMsAtStart = this.#sentFrames * FRAME_MS;
    this.#running = { playback, startMs: nowMs, sentMsAtStart, resolve, frame: 0, word: 0 };
    return promise;
  }

  /** The frame that is due now. @param dueMs the end of the frame's 20 ms */
  frameDue(dueMs: number): Int16Array {
    const running = this.#running;
    const frame = running && dueMs >= running.startMs + FRAME_MS ? this.#nextOf(running, dueMs) : this.#quietFrame();
    this.#sentFrames += 1;
    return frame;
  }

  take(event: Exclude<SubjectEvent, { type: 'audio' }>): void {
    if (event.type === 'thinking') this.asked.push({ atMs: event.atMs, text: event.text });
    else if (event.type === 'fault') this.faults.push(event.message);
    else this.farEnd.stop(event.atMs);
  }

  #nextOf(running: Running, dueMs: number): Int16Array {
    const index = running.frame;
    running.frame += 1;
    // It can only begin with a beat of the line: from there all its times count.
    if (index === 0) running.startMs = dueMs - FRAME_MS;
    const { playback, startMs } = running;
    this.#sayWords(running, dueMs - startMs);
    const from = index * FRAME_SAMPLES;
    if (from + FRAME_SAMPLES >= playback.audio.length) {
      this.#running = undefined;
      running.resolve(startMs);
    }
    const frame = new Int16Array(FRAME_SAMPLES);
    frame.set(playback.audio.subarray(from, from + FRAME_SAMPLES));
    if (playback.echo) {
      const { gainDb, delayMs } = playback.echo;
      this.farEnd.mixInto(frame, dueMs - FRAME_MS - delayMs, 10 ** (gainDb / 20));
    }
    return frame;
  }

  #sayWords(running: Running, atMs: number): void {
    const { sentMsAtStart, playback } = running;
    for (let next = playback.words[running.word]; next && next.atMs <= atMs; next = playback.words[running.word]) {
      running.word += 1;
      const { type, text, offsetMs, endMs } = next;
      this.#hear({ type, text, offsetMs: offsetMs + sentMsAtStart, endMs: endMs + sentMsAtStart });
    }
  }

  #quietFrame(): Int16Array {
    const from = (this.#sentFrames % QUIET_FRAMES) * FRAME_SAMPLES;
    return this.#silence.subarray(from, from + FRAME_SAMPLES);
  }
}
