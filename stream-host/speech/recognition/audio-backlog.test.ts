import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AudioBacklog } from './audio-backlog.ts';

const loud = (bytes: number, mark = 0x22) => new Uint8Array(bytes).fill(mark);
const quiet = (bytes: number) => new Uint8Array(bytes);

test('what is replayed begins where the last final words ended, to the sample', () => {
  const backlog = new AudioBacklog(10_000);
  for (const mark of [0x21, 0x22, 0x23]) backlog.append(loud(100, mark), -20);
  backlog.discardBefore(150);
  const { startByte, audio } = backlog.replay();
  assert.equal(startByte, 150);
  assert.deepEqual(Buffer.concat(audio), Buffer.concat([loud(50, 0x22), loud(100, 0x23)]));
});

test('the oldest audio is given up beyond the bound, and counted', () => {
  const backlog = new AudioBacklog(250);
  assert.equal(backlog.append(loud(100), -20), 0);
  assert.equal(backlog.append(loud(100), -20), 0);
  assert.equal(backlog.append(loud(100), -20), 100);
  assert.equal(backlog.replay().startByte, 100);
});

test('silence before the words is not replayed, but for a short lead-in', () => {
  const backlog = new AudioBacklog(100_000);
  for (let block = 0; block < 20; block += 1) backlog.append(quiet(100), -60);
  backlog.append(loud(100), -20);
  backlog.append(quiet(100), -60);
  assert.equal(backlog.replay().startByte, 1_400);
  assert.equal(backlog.replay().audio.length, 8);
});

test('a line on which nobody speaks keeps next to nothing, and gives up nothing that matters', () => {
  const backlog = new AudioBacklog(1_000);
  for (let block = 0; block < 50; block += 1) assert.equal(backlog.append(quiet(100), -60), 0);
  assert.equal(backlog.append(loud(100), -20), 0);
  backlog.discardBefore(4_500);
  assert.equal(backlog.replay().startByte, 4_500);
  assert.equal(backlog.endByte, 5_100);
});

test('of nothing but silence only the lead-in is replayed', () => {
  const backlog = new AudioBacklog(100_000);
  for (let block = 0; block < 20; block += 1) backlog.append(quiet(100), -60);
  assert.equal(backlog.replay().startByte, 1_400);
});

test('nothing is ever replayed from before the words that are final, and all after them is', () => {
  const step = fc.oneof(
    fc.record({ append: fc.integer({ min: 1, max: 50 }).map((samples) => samples * 2) }),
    fc.record({ finalUntil: fc.nat(4_000) }),
  );
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const backlog = new AudioBacklog(1_000_000);
      let finalUntil = 0;
      for (const step of steps) {
        if ('append' in step) backlog.append(loud(step.append), -20);
        else {
          finalUntil = Math.max(finalUntil, Math.min(step.finalUntil, backlog.endByte));
          backlog.discardBefore(step.finalUntil);
        }
      }
      const { startByte, audio } = backlog.replay();
      const bytes = audio.reduce((sum, block) => sum + block.length, 0);
      assert.equal(startByte, finalUntil & ~1);
      assert.equal(startByte + bytes, backlog.endByte);
    }),
  );
});
