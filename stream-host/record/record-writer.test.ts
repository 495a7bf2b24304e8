import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { RecordBudget } from './record-budget.ts';
import { type Lost, RecordWriter, type RecordWriterOptions } from './record-writer.ts';
import { MemoryStore } from './testing/memory-store.ts';

const ID = 'session';
const FORMAT = { rateHz: 16_000, channels: 2 };

function rig(options: Partial<RecordWriterOptions> = {}) {
  const clock = new VirtualClock();
  const store = new MemoryStore();
  const budget = options.budget ?? new RecordBudget();
  const writer = new RecordWriter({
    begin: () => store.begin(ID),
    format: FORMAT,
    budget,
    clock,
    log: pino({ level: 'silent' }),
    lostLine: (lost) => JSON.stringify({ lost }),
    ...options,
  });
  return { clock, store, writer, budget };
}

const n = (index: number): string => JSON.stringify({ n: index });

test('lines are written together, a second after the first', async () => {
  const { clock, store, writer } = rig();
  for (let at = 0; at < 50; at++) writer.line(n(at));
  await clock.advance(900);
  assert.equal(store.appends, 0);
  await clock.advance(200);
  assert.equal(store.appends, 2, 'its part, and all lines');
  assert.deepEqual(
    store.lines(ID).map((line) => line.n),
    Array.from({ length: 50 }, (_, at) => at),
  );
});

test('a store that is away for a while gets everything afterwards, in its order', async () => {
  const { clock, store, writer } = rig();
  writer.line(n(0));
  await clock.advance(2_000);
  store.isAway = true;
  for (let at = 1; at <= 60; at++) {
    writer.line(n(at));
    await clock.advance(1_000);
  }
  store.isAway = false;
  await clock.advance(6_000);
  assert.deepEqual(
    store.lines(ID).map((line) => line.n),
    Array.from({ length: 61 }, (_, at) => at),
  );
  assert.deepEqual(writer.lost, { lines: 0, inputs: 0, audioMs: 0 });
});

test('a store that is away when a call begins gets its first line, too', async () => {
  const { clock, store, writer } = rig();
  store.isAway = true;
  writer.line(n(0));
  await clock.advance(30_000);
  store.isAway = false;
  await clock.advance(6_000);
  assert.deepEqual(store.lines(ID), [{ n: 0 }]);
});

test('what was written and could not be said to be is not written twice', async () => {
  const { clock, store, writer } = rig();
  writer.line(n(0));
  await clock.advance(2_000);
  store.losesAnswers = 3;
  writer.line(n(1));
  writer.audio(new Uint8Array([1, 0, 1, 0]));
  await clock.advance(20_000);
  assert.deepEqual(store.lines(ID), [{ n: 0 }, { n: 1 }]);
  assert.equal(store.audio(ID).length, 4);
});

test('what does not fit while the store is away is counted and written down; inputs go before all else', async () => {
  const { clock, store, writer } = rig({ maxBytes: 2_000 });
  writer.line(n(0));
  await clock.advance(2_000);
  store.isAway = true;
  const long = JSON.stringify({ text: 'x'.repeat(86) });
  for (let at = 0; at < 15; at++) writer.line(long, true);
  for (let at = 0; at < 15; at++) writer.line(long);
  const { inputs, lines } = writer.lost;
  assert.ok(inputs >= 5 && lines >= 4 && inputs + lines < 25, `${inputs} inputs and ${lines} lines are lost`);
  await clock.advance(60_000);
  store.isAway = false;
  await clock.advance(6_000);
  const told = store.lines(ID).filter((line) => line.lost !== undefined);
  assert.deepEqual(told, [{ lost: { lines, inputs, audioMs: 0 } }]);
  assert.equal(store.lines(ID).length, 1 + 30 - inputs - lines + 1);
});

test('audio that does not fit is silence of the same length, so that the rest keeps its time', async () => {
  const { clock, store, writer } = rig({ maxBytes: 64_000 });
  store.isAway = true;
  const second = new Uint8Array(64_000).fill(1);
  for (let at = 0; at < 3; at++) {
    writer.audio(second);
    await clock.advance(1_000);
  }
  assert.equal(writer.lost.audioMs, 2_000);
  store.isAway = false;
  await clock.advance(10_000);
  writer.audio(second);
  await clock.advance(10_000);
  const audio = store.audio(ID);
  assert.equal(audio.length, 4 * 64_000);
  assert.deepEqual([audio[0], audio[64_000], audio[3 * 64_000 - 1], audio[3 * 64_000]], [1, 0, 0, 1]);
});

test('all records of a process share one room, and give back what they had', async () => {
  const budget = new RecordBudget(1_000);
  const first = rig({ budget });
  const second = rig({ budget });
  first.store.isAway = true;
  first.writer.line('x'.repeat(899));
  second.writer.line('x'.repeat(200));
  assert.equal(second.writer.lost.lines, 1);
  await first.clock.advance(5_000);
  first.writer.abandon();
  second.writer.line('x'.repeat(999));
  assert.equal(second.writer.lost.lines, 1);
  await second.clock.advance(5_000);
  await second.writer.close(1_000);
  assert.equal(budget.take(1_000), true);
});

test('the end of a call waits for its record so long, and no longer', async () => {
  const { clock, store, writer } = rig();
  writer.line(n(0));
  await clock.advance(2_000);
  store.isAway = true;
  writer.line(n(1));
  let closed = false;
  void writer.close(2_000).then(() => {
    closed = true;
  });
  await clock.advance(1_900);
  assert.equal(closed, false);
  await clock.advance(200);
  assert.equal(closed, true);
  assert.equal(clock.pending, 0, 'nothing is tried any more');
});

test('what the end of a call found no storage for is counted as lost, too', async () => {
  const lost: Lost[] = [];
  const { clock, store, writer } = rig({ onLost: (more) => void lost.push(more) });
  writer.line(n(0));
  await clock.advance(2_000);
  store.isAway = true;
  writer.line(n(1));
  await clock.advance(2_000);
  writer.line(n(2));
  writer.audio(new Uint8Array(64_000));
  const closed = writer.close(2_000);
  await clock.advance(2_100);
  await closed;
  assert.deepEqual(lost, [{ lines: 2, inputs: 0, audioMs: 1_000 }], 'that which was being written is among it');
});

test('the end of a call is written at once, audio too', async () => {
  const { clock, store, writer } = rig();
  writer.line(n(0));
  writer.audio(new Uint8Array(400));
  const closed = writer.close(2_000);
  await clock.advance(1);
  await closed;
  assert.deepEqual([store.lines(ID).length, store.audio(ID).length], [1, 400]);
  assert.equal(clock.pending, 0);
});
