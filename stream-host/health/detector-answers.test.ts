import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { pino } from 'pino';
import { systemClock } from '../../shared/clock.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { HostHealth } from '../host/host-health.ts';
import { VoiceActivityLane } from '../speech/voice-activity/voice-activity-lane.ts';
import { detectorAnswers } from './detector-answers.ts';

const log = pino({ level: 'silent' });

/** Judges each frame as silence; stands still, as a process does that gets no processor, while the flag is set. */
const THREAD = `
  const { parentPort, workerData } = require('node:worker_threads');
  const flag = new Int32Array(workerData);
  parentPort.on('message', (message) => {
    if (message.type !== 'judge') return message.type === 'close' ? undefined : parentPort.close();
    Atomics.wait(flag, 0, 1);
    parentPort.postMessage({ type: 'judged', probabilities: message.streams.map(() => 0), inferred: 0 });
  });
  parentPort.postMessage({ type: 'ready', runtime: 'wasm' });
`;

async function laneOf(t: TestContext) {
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const startWorker = () => new Worker(THREAD, { eval: true, workerData: flag.buffer });
  const lane = await VoiceActivityLane.start({ clock: systemClock, log, startWorker });
  const goOn = () => {
    Atomics.store(flag, 0, 0);
    Atomics.notify(flag, 0);
  };
  t.after(async () => {
    goOn();
    await lane.close();
  });
  return { lane, stop: () => Atomics.store(flag, 0, 1), goOn };
}

test('a check of the detector that is given up ends, and leaves no detector behind (READY: not ready for ever)', async (t) => {
  const { lane, stop } = await laneOf(t);
  await detectorAnswers(lane.open, new AbortController().signal);
  stop();
  const end = new AbortController();
  const asked = detectorAnswers(lane.open, end.signal);
  end.abort();
  await assert.rejects(asked, /given up/);
  assert.equal(lane.stats().sessions, 0);
});

test('a host whose speech lane stood still for a moment is ready again as soon as it goes on (READY: not ready for ever)', async (t) => {
  const { lane, stop, goOn } = await laneOf(t);
  const clock = new VirtualClock();
  const live = { count: 0, maxSessions: 1, mostSessions: 2, draining: false, overload: undefined };
  const parts = { voiceActivity: (signal: AbortSignal) => detectorAnswers(lane.open, signal) };
  const health = new HostHealth({ clock, log, live, parts, services: [] });
  t.after(() => health.close());
  health.start();
  await eventually(() => health.status === 'ready');
  stop();
  await clock.advance(2_000 + 750);
  assert.equal(health.status, 'not-ready');
  goOn();
  await clock.advance(2_000);
  await eventually(() => health.status === 'ready');
});
