import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_TURN_POLICY } from '../turns/turn-policy.ts';
import type { LineSound } from './line-sound.ts';
import { DETECTOR_FRAME_MS, SpeechDetector, type VoiceOrigin } from './speech-detector.ts';

interface Frame {
  readonly p: number;
  readonly db?: number;
  /** The share of samples that cross zero: a vowel has little of it, an "s" much. */
  readonly bright?: number;
}

const callers = (): VoiceOrigin => 'caller';

/** A line whose frames sound as a test says. */
class Line {
  readonly #brightness = new Map<number, number>();
  readonly #detector: SpeechDetector;
  #atMs = 0;

  constructor(onsetMs: number = DEFAULT_TURN_POLICY.onset.onsetMs) {
    const sound: LineSound = {
      endOfSound: (speechMs) => speechMs,
      periodicityAt: () => 0.7,
      brightnessAt: (atMs) => this.#brightness.get(atMs) ?? 0.1,
    };
    this.#detector = new SpeechDetector({ ...DEFAULT_TURN_POLICY.onset, onsetMs }, sound);
    this.hear(...Array.from({ length: 4 }, () => ({ p: 0, db: -70 })));
  }

  get isClear(): boolean {
    return this.#detector.isClear;
  }

  /** What was taken for speech last was none. */
  misled(): void {
    this.#detector.misled(this.#atMs);
  }

  /** @returns with which of these frames speech began, from 1; 0 where it did not */
  hear(...frames: readonly Frame[]): number {
    for (const [index, { p, db = -25, bright }] of frames.entries()) {
      this.#atMs += DETECTOR_FRAME_MS;
      if (bright !== undefined) this.#brightness.set(this.#atMs, bright);
      const edge = this.#detector.frame({ probability: p, levelDb: db, atMs: this.#atMs }, callers);
      if (edge?.type === 'started') return index + 1;
    }
    return 0;
  }
}

const probable = (...probabilities: readonly number[]): Frame[] => probabilities.map((p) => ({ p }));

test('a clear voice is speech from its first frame', () => {
  assert.equal(new Line().hear(...probable(0.95, 1)), 1);
});

test('a voice that rises out of silence need not be clear yet', () => {
  assert.equal(new Line().hear(...probable(0.05, 0.84, 0.95)), 2);
});

test('a voice that comes slowly need not be quite clear either', () => {
  assert.equal(new Line().hear(...probable(0.45, 0.66, 0.88, 0.95)), 3);
});

test('music that is a little like speech for frames on end is none, nor is its next note', () => {
  const line = new Line();
  assert.equal(line.hear(...probable(0.48, 0.7, 0.79, 0.7, 0.6, 0.39)), 0, 'the first note');
  assert.equal(line.hear(...probable(0.2, 0.18, 0.16, 0.77, 0.2)), 0, 'the next');
  assert.equal(line.hear(...probable(0.2, 0.18, 0.16, 0.88, 0.2)), 0, 'one that is nearly a voice');
  assert.equal(line.hear(...probable(0.9)), 1, 'a voice over it');
});

test('a voice that is never clear is speech once it has lasted', () => {
  const frames = new Line().hear(...probable(0.55, 0.7, 0.8, 0.8, 0.8, 0.8, 0.8));
  assert.ok(frames >= 5 && frames <= 7, `frame ${frames}`);
});

test('a loud "s" is speech before the model is sure of it', () => {
  const s = { p: 0.3, bright: 0.65 };
  assert.equal(new Line().hear(s, s, s), 1);
  assert.equal(new Line().hear(...[s, s, s].map((frame) => ({ ...frame, db: -55 }))), 0, 'one that is far away');
  assert.equal(new Line().hear(...[s, s, s].map((frame) => ({ ...frame, bright: 0.3 }))), 0, 'a duller noise');
  assert.equal(new Line().hear(...[s, s, s].map((frame) => ({ ...frame, p: 0.05 }))), 0, 'a hiss of no voice at all');
});

test('the voice of a cough, which fades from its burst, waits; a vowel that begins with the glottis does not', () => {
  const fading = [
    { p: 0.84, db: -21 },
    { p: 0.95, db: -22 },
    { p: 0.95, db: -24 },
  ];
  assert.equal(new Line().hear({ p: 0.01, db: -19, bright: 0.4 }, ...fading), 0, 'a cough');
  assert.equal(new Line().hear({ p: 0.01, db: -19, bright: 0.12 }, ...fading), 2, 'a vowel');
});

test('an "f" is no burst that a cough begins with: the lips that opened before it were louder', () => {
  const f = { p: 0.06, db: -27, bright: 0.3 };
  const vowel = { p: 0.95, db: -23 };
  assert.equal(new Line().hear({ p: 0.04, db: -24, bright: 0.05 }, f, f, vowel), 4);
  assert.equal(new Line().hear({ p: 0.04, db: -29, bright: 0.05 }, f, f, vowel), 0, 'a burst');
});

test('an "s" is no burst that a cough begins with', () => {
  assert.equal(new Line().hear({ p: 0.1, db: -19, bright: 0.62 }, { p: 0.95, db: -21 }, { p: 0.95, db: -22 }), 2);
});

test('one clear frame after a burst is not enough, unless it is much louder than the burst', () => {
  const burst = { p: 0.01, db: -25, bright: 0.4 };
  assert.equal(new Line().hear(burst, { p: 0.95, db: -24 }, { p: 0.1, db: -40 }), 0, 'a cough with a little voice');
  assert.equal(new Line().hear(burst, { p: 0.95, db: -24 }, { p: 0.95, db: -23 }), 3, 'a voice that goes on');
  assert.equal(new Line().hear(burst, { p: 0.95, db: -15 }), 2, 'a voice that grows out of an "f"');
  const going = Array.from({ length: 5 }, () => ({ p: 0.95, db: -24 }));
  assert.equal(new Line(96).hear(burst, ...going), 4, 'never less than the policy asks of any sound');
});

test('a voice that has only just begun is not unclear, one that stays doubtful is', () => {
  const line = new Line();
  line.hear(...probable(0.95));
  assert.equal(line.isClear, true);
  line.hear(...probable(0.9, 0.9, 0.9));
  assert.equal(line.isClear, false);
});

test('a sound of a single frame that misled us makes the like doubtful, too', () => {
  const line = new Line();
  assert.equal(line.hear({ p: 0.95, db: -25 }), 1);
  line.misled();
  const quiet = Array.from({ length: 10 }, () => ({ p: 0, db: -60 }));
  line.hear(...quiet);
  assert.equal(line.hear({ p: 0.95, db: -25 }), 0, 'the same once more');
  line.hear(...quiet);
  assert.equal(line.hear({ p: 0.95, db: -20 }), 1, 'one that is clearly louder');
});

test('what has misled us is doubted up to the loudest of it, while it is not forgiven', () => {
  const line = new Line();
  const quiet = Array.from({ length: 10 }, () => ({ p: 0, db: -60 }));
  assert.equal(line.hear({ p: 0.95, db: -25 }), 1);
  line.misled();
  line.hear(...quiet);
  const softer = Array.from({ length: 4 }, () => ({ p: 0.95, db: -35 }));
  assert.ok(line.hear(...softer) > 1, 'a softer one, which lasts');
  line.misled();
  line.hear(...quiet);
  assert.equal(line.hear({ p: 0.95, db: -27 }), 0, 'one between them');
});
