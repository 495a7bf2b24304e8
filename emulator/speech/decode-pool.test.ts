import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { bytesOf } from '../../shared/audio/pcm.ts';
import { systemClock } from '../../shared/clock.ts';
import { DecodePool } from './decode-pool.ts';
import { Flite } from './flite.ts';

let pool: DecodePool;
let speech: Uint8Array;
before(async () => {
  const log = pino({ level: 'silent' });
  pool = await DecodePool.start({ log, clock: systemClock, size: 'tiny', workers: 1 });
  const flite = await Flite.load();
  speech = bytesOf(flite.speak('Can you deliver it on Friday instead?', 'awb', 1).samples);
});
after(() => pool.close());

/** Audio is handed over to the pool for good: each decode needs its own. */
const audio = (): Uint8Array => new Uint8Array(speech);

test('a final stops a partial that is in its way', async () => {
  const long = Buffer.concat([speech, speech, speech, speech]);
  const partial = pool.decode({}, 'partial', new Uint8Array(long));
  const final = pool.decode({}, 'final', audio());
  assert.equal(await partial.transcript, undefined);
  assert.match((await final.transcript)?.text ?? '', /on Friday/);
});

test('of two partials of one stream that wait, the newer takes the place of the older', async () => {
  const stream = {};
  const running = pool.decode({}, 'final', audio());
  const older = pool.decode(stream, 'partial', audio());
  const newer = pool.decode(stream, 'partial', audio());
  assert.equal(pool.waiting, 1);
  assert.equal(await older.transcript, undefined);
  assert.ok(await running.transcript);
  assert.match((await newer.transcript)?.text ?? '', /on Friday/);
});

test('an early decode that is promoted is the final one', async () => {
  const running = pool.decode({}, 'final', audio());
  const early = pool.decode({}, 'early', audio());
  const final = pool.decode({}, 'final', audio());
  const done: string[] = [];
  early.promote();
  await Promise.all([
    running.transcript,
    early.transcript.then(() => done.push('early')),
    final.transcript.then(() => done.push('final')),
  ]);
  assert.deepEqual(done, ['early', 'final']);
});

test('what nobody wants any more is given up, waiting or running', async () => {
  const running = pool.decode({}, 'final', audio());
  const waiting = pool.decode({}, 'final', audio());
  waiting.cancel();
  running.cancel();
  assert.equal(pool.waiting, 0);
  assert.equal(await running.transcript, undefined);
  assert.equal(await waiting.transcript, undefined);
  assert.ok(await pool.decode({}, 'final', audio()).transcript);
});

test('a pool that is closed says so to whoever waits and to whoever comes', async () => {
  const waiting = [pool.decode({}, 'final', audio()), pool.decode({}, 'final', audio())];
  await pool.close();
  for (const job of [...waiting, pool.decode({}, 'final', audio())]) {
    await assert.rejects(job.transcript, { code: 'speech.closed' });
  }
});

test('a pool that is closed in the middle of a decode takes nobody with it (onnxruntime-node ends the process)', async () => {
  const closing = await DecodePool.start({
    log: pino({ level: 'silent' }),
    clock: systemClock,
    size: 'tiny',
    workers: 2,
  });
  const running = [audio(), audio()].map((pcm) => closing.decode({}, 'final', pcm).transcript);
  const refused = running.map((transcript) => assert.rejects(transcript, /closed/));
  // The workers are at it by now; how far they are does not matter.
  await sleep(20);
  await closing.close();
  await Promise.all(refused);
});
