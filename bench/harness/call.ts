import { FRAME_BYTES, FRAME_MS } from '../../shared/audio/pcm.ts';
import type { RecogniserEvent } from '../corpus/recogniser-script.ts';
import type { Scene } from '../corpus/scene.ts';
import { Random } from '../random.ts';
import { FarEnd } from './far-end.ts';
import type { Command, SessionSettings, SubjectEvent } from './protocol.ts';

const FRAME_SAMPLES = FRAME_BYTES / 2;
const QUIET_FRAMES = 50;

/** What the caller's line carries, and what a recogniser says about it. Times in milliseconds from its start. */
export interface Playback extends Pick<Scene, 'audio' | 'echo' | 'gaps'> {
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
  lostFrames: number;
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
  readonly #send: (command: Command) => void;
  readonly #silence: Int16Array;
  #running: Running | undefined;
  #sentFrames = 0;
  #ordered = false;

  constructor(session: number, settings: SessionSettings, send: (command: Command) => void) {
    this.session = session;
    this.settings = settings;
    this.#send = send;
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
    this.#running = { playback, startMs: nowMs, sentMsAtStart, resolve, frame: 0, word: 0, lostFrames: 0 };
    return promise;
  }

  /** Tells the agent to be quiet. What is heard of its present turn after the stop counts as stale. */
  interrupt(): void {
    this.#ordered = true;
    this.#send({ type: 'interrupt', session: this.session });
  }

  /** The frame that is due now, or undefined when it gets lost. @param dueMs the end of the frame's 20 ms */
  frameDue(dueMs: number): Int16Array | undefined {
    const running = this.#running;
    const frame = running && dueMs >= running.startMs + FRAME_MS ? this.#nextOf(running, dueMs) : this.#quietFrame();
    if (frame) this.#sentFrames += 1;
    return frame;
  }

  take(event: SubjectEvent): void {
    if (event.type === 'thinking') this.asked.push({ atMs: event.atMs, text: event.text });
    else if (event.type === 'fault') this.faults.push(event.message);
    else if (event.type === 'stop') {
      if (this.#ordered) this.farEnd.expectNoMoreOf(this.farEnd.turn);
      this.#ordered = false;
      this.farEnd.stop(event.atMs);
    }
  }

  #nextOf(running: Running, dueMs: number): Int16Array | undefined {
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
    const gap = playback.gaps?.find(({ atFrame, frames }) => index >= atFrame && index < atFrame + frames);
    if (gap?.kind === 'lost') {
      running.lostFrames += 1;
      return undefined;
    }
    const frame = new Int16Array(FRAME_SAMPLES);
    if (gap) return frame;
    frame.set(playback.audio.subarray(from, from + FRAME_SAMPLES));
    if (playback.echo) {
      const { gainDb, delayMs } = playback.echo;
      this.farEnd.mixInto(frame, dueMs - FRAME_MS - delayMs, 10 ** (gainDb / 20));
    }
    return frame;
  }

  #sayWords(running: Running, atMs: number): void {
    const { words } = running.playback;
    for (let word = words[running.word]; word && word.atMs <= atMs; word = words[running.word]) {
      running.word += 1;
      const shiftMs = running.sentMsAtStart - running.lostFrames * FRAME_MS;
      const { type: event, text, offsetMs, endMs } = word;
      const place = { offsetMs: offsetMs + shiftMs, endMs: endMs + shiftMs };
      this.#send({ type: 'recogniser', session: this.session, event, text, ...place });
    }
  }

  #quietFrame(): Int16Array {
    const from = (this.#sentFrames % QUIET_FRAMES) * FRAME_SAMPLES;
    return this.#silence.subarray(from, from + FRAME_SAMPLES);
  }
}
