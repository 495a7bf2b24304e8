import { FRAME_MS } from '../../shared/audio/pcm.ts';
import { FarEnd } from './far-end.ts';
import type { Command, SessionSettings, SubjectEvent } from './protocol.ts';

const FRAME_SAMPLES = 320;
const SAMPLES_PER_MS = 16;

/** What the caller's line carries, and what a recogniser says about it. Times in milliseconds from its start. */
export interface Playback {
  readonly audio: Int16Array;
  readonly words: readonly {
    readonly atMs: number;
    readonly type: 'partial' | 'final' | 'no-words';
    readonly text: string;
    readonly offsetMs: number;
    readonly endMs: number;
  }[];
  readonly echo?: { readonly gainDb: number; readonly delayMs: number } | undefined;
  readonly gaps?: readonly { readonly atFrame: number; readonly frames: number; readonly kind: 'lost' | 'silent' }[];
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

/** When the language model was asked, and with which words of the caller's. */
export interface Asked {
  readonly atMs: number;
  readonly text: string;
}

/**
 * One session as the driver sees it: what it is sent, 50 times a second, and what comes back. Between playbacks the
 * line carries the faint noise of a quiet room. A frame is sent when its last sample has been spoken, as on a real line.
 */
export class Call {
  readonly session: number;
  readonly settings: SessionSettings;
  readonly farEnd = new FarEnd();
  readonly asked: Asked[] = [];
  readonly resumes: number[] = [];
  /** Each `stop` that the sink was told, audible or not. */
  readonly stopCommands: number[] = [];
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
    this.#silence = quietLine(session + 1);
  }

  /**
   * Plays something to the session.
   * @returns when its first sample was spoken, on the monotonic clock, once all of it has been sent
   */
  play(playback: Playback, nowMs: number): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#running = {
      playback,
      startMs: nowMs,
      sentMsAtStart: this.#sentFrames * FRAME_MS,
      resolve,
      frame: 0,
      word: 0,
      lostFrames: 0,
    };
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
    switch (event.type) {
      case 'stop':
        this.stopCommands.push(event.atMs);
        if (this.#ordered) this.farEnd.expectNoMoreOf(this.farEnd.turn);
        this.#ordered = false;
        this.farEnd.stop(event.atMs);
        return;
      case 'resume':
        this.resumes.push(event.atMs);
        return;
      case 'thinking':
        this.asked.push({ atMs: event.atMs, text: event.text });
        return;
      case 'fault':
        this.faults.push(event.message);
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
    if (gap) return new Int16Array(FRAME_SAMPLES);
    const frame = new Int16Array(FRAME_SAMPLES);
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
    const frames = this.#silence.length / FRAME_SAMPLES;
    const from = (this.#sentFrames % frames) * FRAME_SAMPLES;
    return this.#silence.subarray(from, from + FRAME_SAMPLES);
  }
}

/** A second of a quiet line, about -75 dBFS: real lines are never digital silence. */
function quietLine(seed: number): Int16Array {
  let state = seed * 0x9e37_79b9;
  return new Int16Array(1000 * SAMPLES_PER_MS).map(() => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 28) - 8;
  });
}
