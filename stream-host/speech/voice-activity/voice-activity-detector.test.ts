import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesOf } from '../../../shared/audio/pcm.ts';
import { SILERO_FRAME_SAMPLES } from '../../../shared/audio/silero.ts';
import { Detector } from './voice-activity-detector.ts';
import { VoiceActivityMemory } from './voice-activity-memory.ts';

const MAX_WAITING = 3;

test('each frame is judged once, whole and in order, but for the oldest of those that waited too long', () => {
  const step = fc.oneof(
    fc.integer({ min: 1, max: 4000 }),
    fc.constant('hand over' as const),
    fc.constant('answer' as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const bench = detectorUnderTest();
      for (const step of steps) {
        if (step === 'hand over') bench.handOver();
        else if (step === 'answer') bench.answer();
        else bench.write(step);
      }
      bench.answer();
      bench.handOver();
      bench.answer();
      assert.deepEqual(bench.reported, bench.expected);
    }),
  );
});

test('a detector that is closed by what it reports says no more', () => {
  const bench = detectorUnderTest(() => bench.detector.close());
  bench.write(3 * 1024);
  bench.handOver();
  bench.answer();
  assert.equal(bench.reported.length, 1);
  assert.deepEqual(bench.owner, { closed: 1, threw: 0 });
});

/** A detector beside a plain queue of what it should do; the thread's part is played by a second view of its memory. */
function detectorUnderTest(onFrame: () => void = () => undefined) {
  const owner = { closed: 0, threw: 0 };
  const reported: { mark: number; atMs: number }[] = [];
  const expected: { mark: number; atMs: number }[] = [];
  let waiting: { mark: number; atMs: number }[] = [];
  let inFlight: { mark: number; atMs: number }[] = [];
  let nowMs = 0;
  let frames = 0;
  let byte = 0;
  const events = {
    onFrame: (mark: number, atMs: number) => {
      reported.push({ mark, atMs });
      onFrame();
    },
    onFailure: () => undefined,
  };
  const detector: Detector = new Detector(
    1,
    events,
    {
      arrived(dropped) {
        nowMs += 1;
        waiting.push({ mark: markOf(frames), atMs: nowMs });
        frames += 1;
        if (dropped > 0) waiting = waiting.slice(dropped);
        assert.ok(waiting.length <= MAX_WAITING);
        return nowMs;
      },
      closed() {
        owner.closed += 1;
      },
      listenerThrew() {
        owner.threw += 1;
      },
    },
    MAX_WAITING,
  );
  const thread = VoiceActivityMemory.attach(detector.memory.shared);
  return {
    detector,
    owner,
    reported,
    expected,
    write(bytes: number) {
      // Every sample of a frame carries the frame's number.
      const samples = new Int16Array(bytes + 1).map((_, i) =>
        markOf(Math.floor((byte + i * 2 - (byte % 2)) / (SILERO_FRAME_SAMPLES * 2))),
      );
      detector.write(bytesOf(samples).subarray(byte % 2, (byte % 2) + bytes));
      byte += bytes;
    },
    handOver() {
      if (inFlight.length > 0) return;
      inFlight = waiting;
      waiting = [];
      const isAny = detector.handOver();
      assert.equal(thread.asked, inFlight.length);
      assert.equal(isAny, thread.asked > 0);
    },
    answer() {
      for (let n = 0; n < thread.asked && inFlight.length > 0; n += 1) {
        const place = thread.placeOf(n);
        const samples = thread.frames[place] ?? new Int16Array(0);
        assert.ok(samples.every((sample) => sample === samples[0]));
        thread.probabilities[place] = samples[0] ?? Number.NaN;
      }
      expected.push(...inFlight);
      inFlight = [];
      detector.report();
    },
  };
}

const markOf = (frame: number): number => frame % 30_000;
