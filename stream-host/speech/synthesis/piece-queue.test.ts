import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SynthesisPiece } from '../../contract/speech.ts';
import { PieceQueue } from './piece-queue.ts';

const HUNDRED_MS = 3_200;

test('a word that is reported after its audio still goes in front of it, where that is not taken yet', async () => {
  const queue = new PieceQueue();
  queue.addAudio(new Uint8Array(HUNDRED_MS));
  queue.addAudio(new Uint8Array(HUNDRED_MS));
  queue.addWord('second', 120, 50);
  queue.addWord('first', 20, 50);
  queue.addWord('third', 150, 50);
  queue.end();
  assert.deepEqual((await taken(queue)).map(nameOf), ['first', 'audio', 'second', 'third', 'audio']);
});

test('a failure comes after the audio that came before it, and words without audio are left out', async () => {
  const queue = new PieceQueue();
  queue.addAudio(new Uint8Array(HUNDRED_MS));
  queue.addWord('lost', 200, 50);
  queue.fail(new Error('broken'));
  const names: string[] = [];
  await assert.rejects(async () => {
    for await (const piece of queue) names.push(nameOf(piece));
  }, /broken/);
  assert.deepEqual(names, ['audio']);
});

test('what is abandoned yields nothing more', async () => {
  const queue = new PieceQueue();
  queue.addAudio(new Uint8Array(HUNDRED_MS));
  queue.abandon();
  assert.deepEqual(await taken(queue), []);
});

test('a queue that nobody empties refuses to grow without end', () => {
  const queue = new PieceQueue();
  const second = new Uint8Array(10 * HUNDRED_MS);
  const accepted = Array.from({ length: 150 }, () => queue.addAudio(second)).filter(Boolean).length;
  assert.equal(accepted, 120);
});

test('a sample that was cut in two is put together again', async () => {
  const queue = new PieceQueue();
  for (const bytes of [[1, 2, 3], [4], [5, 6, 7, 8, 9], [10]]) queue.addAudio(Uint8Array.from(bytes));
  queue.end();
  const pieces = await taken(queue);
  const bytes = pieces.flatMap((piece) => (piece.type === 'audio' ? [...piece.pcm] : []));
  assert.deepEqual(bytes, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert.ok(pieces.every((piece) => piece.type === 'audio' && piece.pcm.length % 2 === 0));
});

async function taken(queue: PieceQueue): Promise<SynthesisPiece[]> {
  const pieces: SynthesisPiece[] = [];
  for await (const piece of queue) pieces.push(piece);
  return pieces;
}

function nameOf(piece: SynthesisPiece): string {
  return piece.type === 'word' ? piece.text : 'audio';
}
