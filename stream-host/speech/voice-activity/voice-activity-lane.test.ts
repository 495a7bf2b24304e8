import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { pino } from 'pino';
import { Flite } from '../../../emulator/speech/flite.ts';
import { bytesOf } from '../../../shared/audio/pcm.ts';
import { type Clock, systemClock } from '../../../shared/clock.ts';
import { siblingModule } from '../../../shared/sibling-module.ts';
import { VoiceActivityLane } from './voice-activity-lane.ts';

const log = pino({ level: 'silent' });
const SECOND_BYTES = 32_000;

let lane: VoiceActivityLane;
const workers: Worker[] = [];
let speech: Uint8Array;

before(async () => {
  const startWorker = () => {
    const worker = new Worker(siblingModule('./voice-activity.worker', import.meta.url));
    workers.push(worker);
    return worker;
  };
  const flite = await Flite.load();
  const words = bytesOf(flite.speak('Could you tell me where my order is, please?', 'slt', 1).samples);
  speech = joined(new Uint8Array(SECOND_BYTES), words, new Uint8Array(SECOND_BYTES));
  lane = await VoiceActivityLane.start({ clock: systemClock, log, startWorker, maxWaitingFrames: 1_000 });
});
after(() => lane.close());

test('speech stands out from the silence around it, frame by frame and in order', async () => {
  const { probabilities, times } = await listen(speech);
  const heard = probabilities.map((probability) => probability > 0.5);
  const onset = heard.indexOf(true);
  const wordsEnd = heard.lastIndexOf(true);
  assert.equal(probabilities.length, Math.floor(speech.length / 1024));
  assert.ok(onset >= 31 && onset <= 40, `heard from frame ${onset}, the words begin at about frame 32`);
  assert.ok(wordsEnd < probabilities.length - 20, `heard until frame ${wordsEnd} of ${probabilities.length}`);
  assert.ok(heard.slice(onset, wordsEnd).filter(Boolean).length > (wordsEnd - onset) * 0.8);
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
});

test('how the audio is cut into writes makes no difference', async () => {
  const [whole, frames, odd] = await Promise.all([listen(speech), listen(speech, 640), listen(speech, 1_501)]);
  assert.deepEqual(frames.probabilities, whole.probabilities);
  assert.deepEqual(odd.probabilities, whole.probabilities);
});

test('many sessions at once are each heard as if alone', async () => {
  const alone = await listen(speech);
  const delays = Array.from({ length: 12 }, (_, i) => i * 3 * 1024);
  const crowd = await Promise.all(delays.map((delay) => listen(joined(new Uint8Array(delay), speech), 640)));
  for (const [i, { probabilities }] of crowd.entries()) {
    const later = (delays[i] ?? 0) / 1024;
    const expected = alone.probabilities.map((probability) => probability > 0.5);
    const heard = probabilities.slice(later).map((probability) => probability > 0.5);
    const different = heard.filter((value, frame) => value !== expected[frame]).length;
    assert.ok(different <= 2, `session ${i} differs in ${different} frames`);
  }
  assert.ok(lane.stats().frames / lane.stats().batches > 2, 'frames of several sessions share an inference');
});

test('long silence is not looked at by the model, and speech after it is heard all the same', async () => {
  const before = lane.stats();
  const { probabilities } = await listen(joined(new Uint8Array(20 * SECOND_BYTES), speech));
  const stats = lane.stats();
  const inferred = stats.inferred - before.inferred;
  assert.ok(inferred < (speech.length / 1024) * 0.9, `${inferred} of ${stats.frames - before.frames} frames inferred`);
  const onset = probabilities.findIndex((probability) => probability > 0.5);
  assert.ok(onset >= 656 && onset <= 665, `heard from frame ${onset}, the words begin at about frame 657`);
});

test('a closed detector reports nothing more', async () => {
  let reports = 0;
  const detector = lane.open({ onFrame: () => reports++, onFailure: () => assert.fail('not a failure') });
  detector.write(speech.subarray(0, 10_240));
  detector.close();
  detector.close();
  detector.write(speech);
  await listen(speech);
  assert.equal(reports, 0);
  assert.equal(lane.stats().sessions, 0);
});

test('what a probe of the host reads takes no sign of load away from admission', async () => {
  lane.takeSlowestMs();
  await listen(speech);
  lane.stats();
  assert.ok(lane.takeSlowestMs() > 0);
  assert.equal(lane.takeSlowestMs(), 0);
});

test('a detector that is closed by what it reports says no more', async () => {
  let reports = 0;
  const detector = lane.open({
    onFrame() {
      reports += 1;
      detector.close();
    },
    onFailure: () => assert.fail('not a failure'),
  });
  detector.write(new Uint8Array(3 * 1024));
  await listen(speech);
  assert.equal(reports, 1);
});

test('a listener that throws hurts neither its own detector nor the others', async () => {
  let calls = 0;
  const clumsy = lane.open({
    onFrame() {
      calls += 1;
      throw new Error('of no concern to the lane');
    },
    onFailure: () => undefined,
  });
  clumsy.write(new Uint8Array(3 * 1024));
  assert.ok((await listen(speech)).probabilities.length > 0);
  assert.equal(calls, 3);
  clumsy.close();
});

test('a thread that dies fails each open detector once, and new detectors work', async () => {
  const failures: string[] = [];
  const { promise: bothFailed, resolve } = Promise.withResolvers<void>();
  const onFailure = (error: Error & { code?: string }) => {
    failures.push(error.code ?? error.message);
    if (failures.length === 2) resolve();
  };
  const lost = [lane.open({ onFrame: () => undefined, onFailure }), lane.open({ onFrame: () => undefined, onFailure })];
  void workers.at(-1)?.terminate();
  await bothFailed;

  const { probabilities } = await listen(speech);
  assert.ok(probabilities.some((probability) => probability > 0.5));
  for (const detector of lost) detector.write(speech);
  assert.deepEqual(failures, ['voice-activity.crashed', 'voice-activity.crashed']);
  assert.equal(lane.stats().restarts, 1);
});

test('a session that outruns its thread loses its oldest frames, which are counted', async () => {
  const narrow = await VoiceActivityLane.start({ clock: systemClock, log, maxWaitingFrames: 4 });
  const frames: number[] = [];
  const { promise: allHeard, resolve } = Promise.withResolvers<void>();
  const onFrame = (probability: number) => void (frames.push(probability) === 4 && resolve());
  const detector = narrow.open({ onFrame, onFailure: () => undefined });
  detector.write(new Uint8Array(10 * 1024));
  await allHeard;
  assert.equal(narrow.stats().dropped, 6);
  await narrow.close();
  await narrow.close();
  assert.throws(() => narrow.open({ onFrame: () => undefined, onFailure: () => undefined }), /closed/);
});

test('verdicts that come late again and again are told with what that means and what to do; those of a moment are not (known faults, stranger: a warning at the start)', async () => {
  const lines: string[] = [];
  let nowMs = 0;
  // Whenever one looks at it, 200 ms have passed.
  const clock: Clock = {
    ...systemClock,
    now() {
      nowMs += 200;
      return nowMs;
    },
  };
  const told = pino({ level: 'warn' }, { write: (line) => lines.push(line) });
  const late = await VoiceActivityLane.start({ clock, log: told });
  let judged = Promise.withResolvers<void>();
  const detector = late.open({ onFrame: () => judged.resolve(), onFailure: () => undefined });
  const hear = async () => {
    judged = Promise.withResolvers();
    detector.write(new Uint8Array(1024));
    await judged.promise;
  };
  await hear();
  assert.deepEqual(lines, []);
  for (let frame = 0; frame < 20; frame += 1) await hear();
  await late.close();
  assert.match(lines.join(''), /"lateMs":\d{3}.*is behind: who cuts in is heard late\..*lower MAX_SESSIONS/);
});

test('a lane whose threads never come up says so', async () => {
  const startWorker = () =>
    new Worker("require('worker_threads').parentPort.on('message', () => process.exit())", { eval: true });
  await assert.rejects(VoiceActivityLane.start({ clock: systemClock, log, startWorker, startTimeoutMs: 50 }), {
    code: 'voice-activity.not-started',
  });
});

/** Writes audio in pieces and waits for every whole frame's answer. */
async function listen(pcm: Uint8Array, pieceBytes = pcm.length): Promise<{ probabilities: number[]; times: number[] }> {
  const expected = Math.floor(pcm.length / 1024);
  const probabilities: number[] = [];
  const times: number[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const detector = lane.open({
    onFrame(probability, atMs) {
      probabilities.push(probability);
      times.push(atMs);
      if (probabilities.length === expected) resolve();
    },
    onFailure: reject,
  });
  for (let at = 0; at < pcm.length; at += pieceBytes) detector.write(pcm.subarray(at, at + pieceBytes));
  await promise;
  detector.close();
  return { probabilities, times };
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
