import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReplyPiece } from '../../contract/agent.ts';
import { forEars } from './for-ears.ts';
import { type ReplyTransform, TransformPipeline } from './transform.ts';

const text = (words: string): ReplyPiece => ({ type: 'text', text: words });

/** A guardrail that takes its time and keeps the last piece until the end. */
function slowly(): ReplyTransform {
  let kept: ReplyPiece[] = [];
  return {
    async take(piece) {
      const ready = kept;
      kept = [piece];
      return ready;
    },
    end: async () => kept,
  };
}

test('transforms follow each other, and each ends after it has had all that the one before it kept', async () => {
  const pipeline = new TransformPipeline([forEars(), slowly()]);
  const pieces: ReplyPiece[] = [];
  for (const words of ['**One', '** two', ' *']) pieces.push(...(await pipeline.take(text(words))));
  pieces.push(...(await pipeline.end()));
  assert.deepEqual(pieces.map((piece) => (piece.type === 'text' ? piece.text : '')).join(''), 'One two ');
});

test('as long as no transform takes time, the pipeline takes none', () => {
  const pipeline = new TransformPipeline([forEars()]);
  assert.deepEqual(pipeline.take(text('Hello')), [text('Hello')]);
  assert.deepEqual(pipeline.end(), []);
});
