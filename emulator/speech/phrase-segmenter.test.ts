import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { initialSegmenterState, type Segment, segmentEnd, segmentFrame } from './phrase-segmenter.ts';

const END_FRAMES = 16;

/** What the segmenter makes of probabilities, and then of the stream's end. */
function segmentsOf(probabilities: readonly number[]): Segment[] {
  let state = initialSegmenterState;
  const segments = probabilities.flatMap((probability, frame) => {
    const step = segmentFrame(state, frame, probability, END_FRAMES);
    state = step.state;
    return step.segments;
  });
  return [...segments, ...segmentEnd(state, probabilities.length).segments];
}

const frames = (...runs: readonly [count: number, probability: number][]): number[] =>
  runs.flatMap(([count, probability]) => new Array<number>(count).fill(probability));

test('a phrase begins with its first voiced frame and ends with its last, once the silence is long enough', () => {
  assert.deepEqual(segmentsOf(frames([10, 0], [20, 0.9], [16, 0])), [
    { type: 'started', start: 10 },
    { type: 'paused', end: 30 },
    { type: 'ended', start: 10, end: 30, voicedFrames: 20 },
  ]);
});

test('a pause that is too short is part of the phrase', () => {
  assert.deepEqual(segmentsOf(frames([20, 0.9], [10, 0], [20, 0.9], [16, 0])), [
    { type: 'started', start: 0 },
    { type: 'paused', end: 20 },
    { type: 'resumed' },
    { type: 'paused', end: 50 },
    { type: 'ended', start: 0, end: 50, voicedFrames: 40 },
  ]);
});

test('two voiced frames are a click, and no phrase', () => {
  assert.deepEqual(segmentsOf(frames([5, 0], [2, 1], [20, 0])), []);
});

test('a speaker who never pauses is cut at the quietest moment before twelve seconds', () => {
  const probabilities = frames([350, 0.95], [1, 0.6], [200, 0.95]);
  const segments = segmentsOf(probabilities);
  assert.deepEqual(
    segments.map(({ type }) => type),
    ['started', 'ended', 'started', 'ended'],
  );
  assert.deepEqual(segments[1], { type: 'ended', start: 0, end: 350, voicedFrames: 375 });
  assert.deepEqual(segments[2], { type: 'started', start: 350 });
});

test('silence is reported every five seconds, from where it was reported last', () => {
  assert.deepEqual(segmentsOf(frames([320, 0])), [
    { type: 'quiet', start: 0, end: 156 },
    { type: 'quiet', start: 156, end: 312 },
  ]);
});

test('whatever is heard, phrases are whole, in order and apart, and none is left open', () => {
  const probability = fc.oneof(fc.constantFrom(0, 1, 0.4), fc.double({ min: 0, max: 1, noNaN: true }));
  const runs = fc.array(fc.tuple(fc.integer({ min: 1, max: 500 }), probability), { maxLength: 20 });
  fc.assert(
    fc.property(runs, (heard) => {
      let reached = 0;
      let open: number | undefined;
      for (const segment of segmentsOf(frames(...heard))) {
        if (segment.type === 'started') {
          assert.ok(open === undefined && segment.start >= reached);
          open = segment.start;
        } else if (segment.type === 'ended') {
          assert.ok(open === segment.start && segment.end >= segment.start);
          assert.ok(segment.end - segment.start <= 375);
          reached = segment.end;
          open = undefined;
        } else if (segment.type === 'quiet') {
          assert.equal(open, undefined);
        } else {
          assert.notEqual(open, undefined);
        }
      }
      assert.equal(open, undefined);
    }),
  );
});
