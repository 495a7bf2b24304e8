import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { pino } from 'pino';
import { bytesOf } from '../../../shared/audio/pcm.ts';
import { systemClock } from '../../../shared/clock.ts';
import { siblingModule } from '../../../shared/sibling-module.ts';
import { eventually } from '../../../shared/testing/eventually.ts';
import { VirtualClock } from '../../../shared/virtual-clock.ts';
import type { TurnJudgeEvents } from '../../contract/speech.ts';
import { EndOfTurnLane, type EndOfTurnLaneOptions } from './end-of-turn-lane.ts';
import { judgeByProsody } from './prosody.ts';
import { BREAKS_IN_SPEECH, type TinyModel, tinyAnswer, vowel, writeTinyModel } from './testing/tiny-model.ts';
import { presentTurn } from './turn-audio.ts';

const log = pino({ level: 'silent' });
const SPEECH = vowel(700, { fallHz: 30 });

let tiny: TinyModel;
let broken: TinyModel;
before(async () => {
  [tiny, broken] = await Promise.all([writeTinyModel(), writeTinyModel({ offset: 1_000 })]);
});
after(() => Promise.all([tiny.remove(), broken.remove()]));

/** Collects what a session is told. */
class Told implements TurnJudgeEvents {
  readonly judgements: { readonly probability: number; readonly lastSpeechMs: number }[] = [];
  readonly failures: Error[] = [];

  onJudgement(probability: number, lastSpeechMs: number): void {
    this.judgements.push({ probability, lastSpeechMs });
  }

  onFailure(error: Error): void {
    this.failures.push(error);
  }
}

async function withLane(
  options: Partial<EndOfTurnLaneOptions>,
  use: (lane: EndOfTurnLane) => Promise<void>,
): Promise<void> {
  const lane = await EndOfTurnLane.start({ clock: systemClock, log, runtime: 'wasm', ...options });
  try {
    await use(lane);
  } finally {
    await lane.close();
  }
}

function opened(lane: EndOfTurnLane, samples = SPEECH) {
  const told = new Told();
  const judge = lane.open(told);
  const bytes = bytesOf(samples);
  for (let at = 0; at < bytes.length; at += 640) judge.write(bytes.subarray(at, at + 640));
  return { told, judge };
}

test('the model judges what a session has written, and the answer names the pause that it is of', () =>
  withLane({ modelPath: tiny.path }, async (lane) => {
    assert.equal(lane.stats().method, 'model-wasm');
    const { told, judge } = opened(lane);
    judge.judge(1_234);
    await eventually(() => told.judgements.length === 1);
    assert.equal(told.judgements[0]?.lastSpeechMs, 1_234);
    const expected = tinyAnswer(presentTurn(SPEECH));
    assert.ok(Math.abs((told.judgements[0]?.probability ?? 0) - expected) < 1e-4);
  }));

test('sessions are judged each by their own audio', () =>
  withLane({ modelPath: tiny.path }, async (lane) => {
    const lengths = [200, 600, 1_800, 4_000];
    const sessions = lengths.map((length) => opened(lane, vowel(length)));
    for (const { judge } of sessions) judge.judge(1);
    await eventually(() => sessions.every(({ told }) => told.judgements.length === 1));
    const told = sessions.map((session) => session.told.judgements[0]?.probability ?? 0);
    for (const [i, probability] of told.entries()) {
      const expected = tinyAnswer(presentTurn(vowel(lengths[i] ?? 0)));
      assert.ok(Math.abs(probability - expected) < 1e-4, `session ${i}`);
      assert.ok(
        told.every((other, k) => k === i || Math.abs(other - probability) > 1e-3),
        'no two sound alike',
      );
    }
  }));

test('without a model, prosody judges, of the last second and a half', () =>
  withLane({}, async (lane) => {
    assert.equal(lane.stats().method, 'prosody');
    const { told, judge } = opened(lane, new Int16Array(64_000));
    judge.write(bytesOf(SPEECH));
    judge.judge(5);
    await eventually(() => told.judgements.length === 1);
    assert.deepEqual(told.judgements, [{ probability: judgeByProsody(SPEECH), lastSpeechMs: 5 }]);
  }));

test('of several questions of a session only the newest is answered', () =>
  withLane({}, async (lane) => {
    const { told, judge } = opened(lane);
    for (const lastSpeechMs of [1, 2, 3]) judge.judge(lastSpeechMs);
    await eventually(() => told.judgements.length === 1);
    judge.judge(4);
    await eventually(() => told.judgements.length === 2);
    assert.deepEqual(
      told.judgements.map(({ lastSpeechMs }) => lastSpeechMs),
      [3, 4],
    );
    assert.equal(lane.stats().dropped, 2);
  }));

test('when too many wait, the oldest question is given up', () =>
  withLane({ maxWaiting: 1 }, async (lane) => {
    const sessions = [opened(lane), opened(lane), opened(lane)];
    for (const { judge } of sessions) judge.judge(1);
    await eventually(() => sessions[2]?.told.judgements.length === 1);
    assert.deepEqual(
      sessions.map(({ told }) => told.judgements.length),
      [1, 0, 1],
    );
  }));

test('an answer that comes too late is not told', async () => {
  const clock = new VirtualClock();
  await withLane({ clock, maxAgeMs: 500 }, async (lane) => {
    const { told, judge } = opened(lane);
    judge.judge(1);
    clock.advance(501);
    await eventually(() => lane.stats().judged === 1);
    assert.equal(lane.stats().dropped, 1);
    judge.judge(2);
    await eventually(() => told.judgements.length === 1);
    assert.equal(told.judgements[0]?.lastSpeechMs, 2);
  });
});

test('when the model fails in use, open sessions are told once and prosody answers, that question too', async () => {
  const fragile = await writeTinyModel({ offset: BREAKS_IN_SPEECH });
  await withLane({ modelPath: fragile.path }, async (lane) => {
    assert.equal(lane.stats().method, 'model-wasm');
    const { told, judge } = opened(lane);
    const idle = opened(lane);
    for (const lastSpeechMs of [1, 2]) {
      judge.judge(lastSpeechMs);
      await eventually(() => told.judgements.length === lastSpeechMs);
    }
    const probability = judgeByProsody(SPEECH);
    assert.deepEqual(
      told.judgements,
      [1, 2].map((lastSpeechMs) => ({ probability, lastSpeechMs })),
    );
    assert.deepEqual([told.failures.length, idle.told.failures.length], [1, 1]);
    assert.match(told.failures[0]?.message ?? '', /no probability/);
    assert.deepEqual([lane.stats().method, lane.stats().restarts], ['prosody', 0]);
  });
  await fragile.remove();
});

test('a model file that cannot be used stops the start, by name', async () => {
  const starting = EndOfTurnLane.start({ clock: systemClock, log, modelPath: '/nowhere/smart-turn.onnx' });
  await assert.rejects(starting, { code: 'end-of-turn.model', message: /\/nowhere\/smart-turn\.onnx/ });
  await assert.rejects(EndOfTurnLane.start({ clock: systemClock, log, modelPath: broken.path, runtime: 'wasm' }), {
    code: 'end-of-turn.model',
    message: /no probability/,
  });
});

test('when the thread dies of the model, open sessions are told once, and prosody judges from then on', async () => {
  const workers: Worker[] = [];
  const startWorker: NonNullable<EndOfTurnLaneOptions['startWorker']> = (settings) => {
    const worker = new Worker(siblingModule('./end-of-turn.worker', import.meta.url), { workerData: settings });
    workers.push(worker);
    return worker;
  };
  await withLane({ modelPath: tiny.path, startWorker }, async (lane) => {
    const { told, judge } = opened(lane);
    const idle = opened(lane);
    for (const worker of workers) await worker.terminate();
    await eventually(() => told.failures.length === 1 && lane.stats().restarts === 1);
    await eventually(() => {
      judge.judge(7);
      return told.judgements.length > 0;
    });
    assert.equal(lane.stats().method, 'prosody');
    assert.equal(told.judgements[0]?.probability, judgeByProsody(SPEECH));
    for (const worker of workers.slice(1)) await worker.terminate();
    await eventually(() => lane.stats().restarts === 2);
    assert.deepEqual([told.failures.length, idle.told.failures.length], [1, 1]);
  });
});

test('a session that is closed hears nothing, and one whose listener throws hurts no other', () =>
  withLane({}, async (lane) => {
    const closed = opened(lane);
    const throwing = lane.open({
      onJudgement: () => {
        throw new Error('a listener of the test');
      },
      onFailure: () => undefined,
    });
    throwing.write(bytesOf(SPEECH));
    const other = opened(lane);
    for (const judge of [closed.judge, throwing, other.judge]) judge.judge(1);
    closed.judge.close();
    closed.judge.close();
    await eventually(() => other.told.judgements.length === 1);
    assert.equal(closed.told.judgements.length, 0);
    assert.equal(lane.stats().sessions, 2);
  }));

test('closing the lane ends its thread, twice is once, and nothing can be opened then', async () => {
  const lane = await EndOfTurnLane.start({ clock: systemClock, log });
  const { told, judge } = opened(lane);
  judge.judge(1);
  await Promise.all([lane.close(), lane.close()]);
  judge.judge(2);
  judge.close();
  assert.equal(told.judgements.length, 0);
  assert.throws(() => lane.open(new Told()), { code: 'end-of-turn.closed' });
});
