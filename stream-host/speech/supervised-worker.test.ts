import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { pino } from 'pino';
import { eventually } from '../../shared/testing/eventually.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { SupervisedWorker } from './supervised-worker.ts';

/** Says that it is up, echoes what it is asked, dies of "die", never answers "hang" and ends when it is told to. */
const ECHO = `
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', (message) => {
    if (message === 'die') throw new Error('of its own');
    if (message === 'end') return parentPort.close();
    if (message !== 'hang' && message !== 'told') parentPort.postMessage(message);
  });
  parentPort.postMessage('up');
`;

test('a thread answers one question at a time, and dies, hangs and comes back without anybody’s help', async () => {
  const { clock, worker, said, crashes } = supervise();
  await eventually(() => worker.isIdle);
  worker.tell('told');
  worker.ask('one');
  assert.throws(() => worker.ask('two'), /not idle/);
  await eventually(() => said.length === 2);

  worker.ask('die');
  await eventually(() => crashes.length === 1);
  await clock.advance(99);
  assert.equal(worker.restarts, 1);
  worker.tell('told');
  await clock.advance(1);
  await eventually(() => worker.isIdle);

  worker.ask('hang');
  await clock.advance(5_000);
  await eventually(() => crashes.length === 2);
  await clock.advance(200);
  await eventually(() => worker.isIdle);
  worker.ask('three');
  await eventually(() => said.at(-1) === 'three');
  assert.deepEqual(crashes, ['of its own', 'no answer within 5000 ms']);
  await worker.close();
  await worker.close();
  assert.equal(clock.pending, 0);
});

test('a thread that cannot start is tried again with growing pauses, not for ever at once', async () => {
  const { clock, worker, crashes } = supervise('throw new Error("no model")');
  for (const [n, pauseMs] of [100, 200, 400, 800].entries()) {
    await eventually(() => crashes.length === n + 1);
    await clock.advance(pauseMs - 1);
    assert.equal(clock.pending, 1);
    await clock.advance(1);
  }
  await worker.close();
  assert.deepEqual(new Set(crashes), new Set(['no model']));
});

function supervise(code = ECHO) {
  const clock = new VirtualClock();
  const said: string[] = [];
  const crashes: string[] = [];
  const worker = new SupervisedWorker<string, string>({
    name: 'test',
    clock,
    log: pino({ level: 'silent' }),
    start: () => new Worker(code, { eval: true }),
    onMessage: (message) => said.push(message),
    onCrash: ({ message }) => crashes.push(message),
  });
  return { clock, worker, said, crashes };
}
