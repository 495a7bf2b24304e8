import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesOf, dbfsOf, rmsOf } from '../../../shared/audio/pcm.ts';
import { SoundTrail } from './sound-trail.ts';

const RATE = 16;
const LINE_FRAME_MS = 20;
/** A voice at -20 dBFS, and the room behind it. */
const VOICE_DB = -20;
const ROOM_DB = -70;
const PAUSE_MS = 240;
/** A slice, and what a noise may add to it. */
const EXACT_MS = 5;

type Stretch = readonly [ms: number, levelDb: number, kind?: 'hum'];

test('a voice that ends within a frame of the detector ended where it was last heard, not where the frame did', () => {
  for (const voiceMs of [603, 611, 620, 633]) {
    for (const detectorMs of [640, 672, 704]) {
      assertNear(endOf([[voiceMs, VOICE_DB]], detectorMs), voiceMs);
    }
  }
});

test('sound that the detector missed at the end of a word belongs to it', () => {
  assertNear(endOf([[620, VOICE_DB]], 608), 620);
});

test('a soft "s" or the release of a "t" is part of the word', () => {
  const s: Stretch[] = [
    [500, VOICE_DB],
    [90, VOICE_DB - 28],
  ];
  assertNear(endOf(s, 640), 590);
  const t: Stretch[] = [
    [500, VOICE_DB],
    [60, ROOM_DB],
    [10, VOICE_DB - 25],
  ];
  assertNear(endOf(t, 640), 570);
});

test('in noise, however it sounds, a voice ends where it sinks into the noise', () => {
  assertNear(endOf([[610, VOICE_DB]], 736, -45), 610);
  assertNear(endOf([[610, VOICE_DB]], 736, -40, 'hum'), 610);
});

test('in noise that hides the quiet sounds of a voice, levels say nothing of its end', () => {
  assert.equal(endOf([[610, VOICE_DB]], 736, VOICE_DB - 10), 736);
});

test('a click in the pause, or words after it, are not the end of the voice', () => {
  assertNear(
    endOf(
      [
        [610, VOICE_DB],
        [110, ROOM_DB],
        [4, VOICE_DB],
      ],
      640,
    ),
    610,
  );
  const trail = new SoundTrail();
  const heardMs = play(
    trail,
    [
      [610, VOICE_DB],
      [PAUSE_MS, ROOM_DB],
      [200, VOICE_DB],
    ],
    ROOM_DB,
  );
  assertNear(trail.endOfSound(640, 840, VOICE_DB), 610);
  assert.ok(heardMs > 1000);
});

test('what was last heard too long before the detector thinks so is not looked for', () => {
  assert.equal(endOf([[300, VOICE_DB]], 640), 640);
});

test('audio that came too late to know the pause by, or is forgotten, leaves the detector its word', () => {
  const short = new SoundTrail();
  const heardMs = play(
    short,
    [
      [610, VOICE_DB],
      [50, ROOM_DB],
    ],
    ROOM_DB,
  );
  assert.equal(short.endOfSound(640, heardMs, VOICE_DB), 640);
  const long = new SoundTrail();
  play(
    long,
    [
      [610, VOICE_DB],
      [3000, ROOM_DB],
    ],
    ROOM_DB,
  );
  assert.equal(long.endOfSound(640, 840, VOICE_DB), 640);
});

test('frames that come all at once after a gap of the line do not end the voice before it was heard', () => {
  const trail = new SoundTrail();
  const samples = line(
    [
      [600, VOICE_DB],
      [20, ROOM_DB],
      [PAUSE_MS, ROOM_DB],
    ],
    ROOM_DB,
  );
  for (let from = 0; from < samples.length; from += LINE_FRAME_MS * RATE) {
    const sentMs = from / RATE + LINE_FRAME_MS;
    // From 500 to 600 ms nothing comes, and then all of it.
    const arrivesMs = sentMs > 500 && sentMs < 600 ? 600 : sentMs;
    trail.write(bytesOf(samples.slice(from, from + LINE_FRAME_MS * RATE)), arrivesMs);
  }
  assertNear(trail.endOfSound(640, 860, VOICE_DB), 600);
});

test('how the audio is cut changes neither what is found nor how loud it was at any time', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1 }), (cuts) => {
      const trail = new SoundTrail();
      const samples = line(
        [
          [610, VOICE_DB],
          [PAUSE_MS, ROOM_DB],
        ],
        ROOM_DB,
      );
      for (let from = 0, n = 0; from < samples.length; n += 1) {
        const part = samples.slice(from, from + (cuts[n % cuts.length] ?? 1));
        from += part.length;
        trail.write(bytesOf(part), from / RATE);
      }
      for (const atMs of [60, 400, 612, 800]) {
        const before = samples.slice((atMs - LINE_FRAME_MS) * RATE, atMs * RATE);
        assert.ok(Math.abs(trail.levelAt(atMs) - dbfsOf(rmsOf(bytesOf(before)))) < 1e-3);
      }
      assertNear(trail.endOfSound(640, 850, VOICE_DB), 610);
    }),
    { numRuns: 50 },
  );
});

function assertNear(foundMs: number, expectedMs: number): void {
  assert.ok(foundMs > expectedMs - EXACT_MS && foundMs < expectedMs + EXACT_MS, `${foundMs}, not ${expectedMs}`);
}

/** Where these sounds, and a pause behind them, are said to end by a trail whose detector last saw speech then. */
function endOf(sounds: readonly Stretch[], detectorMs: number, roomDb = ROOM_DB, kind?: 'hum'): number {
  const trail = new SoundTrail();
  const room: Stretch = kind ? [PAUSE_MS, roomDb, kind] : [PAUSE_MS, roomDb];
  const heardMs = play(trail, [...sounds, room], roomDb);
  return trail.endOfSound(detectorMs, heardMs, VOICE_DB);
}

/** @returns how long it took */
function play(trail: SoundTrail, sounds: readonly Stretch[], roomDb: number): number {
  const samples = line(sounds, roomDb);
  const frame = LINE_FRAME_MS * RATE;
  for (let from = 0; from + frame <= samples.length; from += frame) {
    trail.write(bytesOf(samples.slice(from, from + frame)), (from + frame) / RATE);
  }
  return Math.floor(samples.length / frame) * LINE_FRAME_MS;
}

/** Noise of these levels one after the other; no less than the room's. */
function line(sounds: readonly Stretch[], roomDb: number): Int16Array {
  let state = 7;
  const noise = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state / 2 ** 31 - 1) * Math.sqrt(3);
  };
  const samples: number[] = [];
  for (const [ms, levelDb, kind] of sounds) {
    const amplitude = 32_768 * 10 ** (Math.max(levelDb, roomDb) / 20);
    for (let i = 0; i < ms * RATE; i += 1) {
      const wave = kind === 'hum' ? Math.SQRT2 * Math.sin((2 * Math.PI * 100 * i) / 16_000) : noise();
      samples.push(Math.round(Math.max(-1, Math.min(1, (amplitude * wave) / 32_768)) * 32_767));
    }
  }
  return Int16Array.from(samples);
}

test('what the line sounded like is known for the last second, however the audio was cut', () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(lengths, (cuts) => {
      const trail = new SoundTrail();
      const samples = Int16Array.from({ length: 3 * 16_000 }, (_, i) => Math.round(9000 * Math.sin(hissOrVowel(i))));
      let turn = 0;
      for (let at = 0; at < samples.length; turn += 1) {
        const end = Math.min(samples.length, at + (cuts[turn % cuts.length] ?? 320));
        trail.write(bytesOf(samples.slice(at, end)), end / RATE);
        at = end;
      }
      // Half a second each in turn, the newest a vowel.
      assert.ok(trail.brightnessAt(2990) < 0.1 && trail.periodicityAt(2990) > 0.95);
      assert.ok(trail.brightnessAt(2400) > 0.5);
      assert.equal(trail.brightnessAt(1500), 0);
      assert.equal(trail.periodicityAt(1500), 0);
    }),
    { numRuns: 40 },
  );
});

/** The phase of a tone of 5 kHz, then of 150 Hz, by half seconds. */
function hissOrVowel(i: number): number {
  return (2 * Math.PI * i * (Math.floor(i / 8000) % 2 === 0 ? 5000 : 150)) / 16_000;
}
