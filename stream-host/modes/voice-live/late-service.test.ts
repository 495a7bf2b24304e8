import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DETECTOR_FRAME_MS } from '../../conversation/ear/speech-detector.ts';
import { LiveRig, WORD_MS } from './testing/live-rig.ts';

/** So long after the caller's last word he has heard something. */
const PROMISE_MS = 3000;
/** Whoever hears the agent waits until it has been silent for so long before he speaks. */
const OVER_MS = 900;
const PATIENCE_MS = 12_000;

/** A call that has begun well, with a caller whose voice is clear. */
async function begun(options?: ConstructorParameters<typeof LiveRig>[0]): Promise<LiveRig> {
  const rig = new LiveRig(options);
  rig.voice = 0.99;
  return rig.started();
}

/** Each of its own, and as one voice has them: now loud, now soft. */
const words = (count: number) => Array.from({ length: count }, (_, n) => (n % 2 === 0 ? 0x20 : 0x50) + (n >> 1));

/** How long he waits for the next sound after he has stopped, and how long nothing is heard between any two until the last. */
async function silences(
  rig: LiveRig,
  forMs: number,
): Promise<{ readonly firstMs: number; readonly longestMs: number }> {
  const askedMs = rig.clock.now();
  await rig.pass(forMs);
  const heardMs = rig.ear.soundAtMs.filter((atMs) => atMs >= askedMs);
  const gapsMs = heardMs.map((atMs, n) => atMs - (heardMs[n - 1] ?? askedMs));
  return { firstMs: (heardMs[0] ?? Number.POSITIVE_INFINITY) - askedMs, longestMs: Math.max(...gapsMs) };
}

for (const lateMs of [2000, 5000, 8000, Number.POSITIVE_INFINITY]) {
  for (const count of [2, 9, 18, 40]) {
    const said = `${(count * WORD_MS) / 1000} s of words`;
    test(`a service that is ${lateMs} ms late leaves nobody in silence after ${said} (--fault realtime=slow)`, async () => {
      const rig = await begun();
      rig.service.lateMs = lateMs;
      await rig.says(words(count));
      const { firstMs, longestMs } = await silences(rig, 12_000);
      assert.ok(firstMs <= PROMISE_MS, `first: ${firstMs} ms`);
      assert.ok(longestMs <= PROMISE_MS, `longest: ${longestMs} ms`);
    });
  }
}

test('a call whose service is late, or silent, as it begins hears something within 3 s, and so on until it is told', async () => {
  for (const lateMs of [5000, Number.POSITIVE_INFINITY]) {
    const rig = new LiveRig();
    rig.service.lateMs = lateMs;
    rig.call.start();
    const { firstMs, longestMs } = await silences(rig, 9000);
    assert.ok(firstMs <= PROMISE_MS && longestMs <= PROMISE_MS, `${firstMs} and ${longestMs} ms`);
  }
});

test('an answer that stands still in the middle is filled within 3 s (--fault realtime=silent)', async () => {
  const rig = await begun();
  rig.service.brain = () => [{ say: 'It was sent on Monday, it is on its way, and it arrives tomorrow.' }];
  await rig.says(words(3));
  await rig.pass(1200);
  rig.service.lateMs = Number.POSITIVE_INFINITY;
  const { longestMs } = await silences(rig, 12_000);
  assert.ok(longestMs <= PROMISE_MS, `${longestMs} ms`);
});

/** How long somebody waits at most who asks, listens, and asks again, as long as he is given; ms. */
async function longestWait(
  rig: LiveRig,
  counts: readonly number[],
  pauseMs: number,
  onTick: () => void,
): Promise<number> {
  let clip: number[] = [];
  let [turn, longestMs, heardMs, saysAtMs] = [0, 0, rig.ear.lastSoundAtMs, 0];
  let waitsSinceMs: number | undefined;
  const untilMs = rig.clock.now() + 40_000;
  const ask = () => {
    const count = counts[turn++ % counts.length] ?? 1;
    clip = words(count).flatMap((level) => Array<number>(WORD_MS / DETECTOR_FRAME_MS).fill(level));
    saysAtMs = Number.POSITIVE_INFINITY;
  };
  while (rig.clock.now() < untilMs && rig.of('ended').length === 0) {
    onTick();
    const level = clip.shift();
    await rig.sound(level ?? 0, DETECTOR_FRAME_MS);
    const nowMs = rig.clock.now();
    if (rig.ear.lastSoundAtMs > heardMs) {
      heardMs = rig.ear.lastSoundAtMs;
      waitsSinceMs = undefined;
      if (clip.length === 0 && saysAtMs === Number.POSITIVE_INFINITY) saysAtMs = nowMs + pauseMs;
    }
    if (waitsSinceMs !== undefined) longestMs = Math.max(longestMs, nowMs - waitsSinceMs);
    if (level !== undefined) {
      if (clip.length === 0) waitsSinceMs ??= nowMs;
      continue;
    }
    const mayAsk = nowMs > saysAtMs && nowMs > heardMs + OVER_MS;
    if (waitsSinceMs === undefined ? mayAsk : nowMs > waitsSinceMs + PATIENCE_MS) ask();
  }
  return longestMs;
}

test('whoever asks, listens and asks again waits for a sound for 3 s at most, whenever the service is late or silent', () =>
  fc.assert(
    fc.asyncProperty(
      fc.constantFrom(2000, 3500, 5000, 8000, Number.POSITIVE_INFINITY),
      fc.nat({ max: 12_000 }),
      fc.array(fc.integer({ min: 2, max: 20 }), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1000, max: 2500 }),
      fc.boolean(),
      async (lateMs, atMs, counts, pauseMs, breaks) => {
        const rig = await begun();
        const fromMs = rig.clock.now() + atMs;
        let isBroken = false;
        const longestMs = await longestWait(rig, counts, pauseMs, () => {
          const isOver = rig.clock.now() > fromMs + 10_000;
          rig.service.lateMs = rig.clock.now() < fromMs || isOver ? 0 : lateMs;
          if (isOver && breaks && !isBroken) {
            isBroken = true;
            rig.service.session?.end('realtime.lost');
          }
        });
        assert.ok(longestMs <= PROMISE_MS, `${longestMs} ms`);
      },
    ),
    { numRuns: 60, seed: 17 },
  ));
