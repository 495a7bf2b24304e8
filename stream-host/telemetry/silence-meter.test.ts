import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SilenceMeter } from './silence-meter.ts';

test('an answer within three seconds, or a wait that was filled within them, is no silence', () => {
  const meter = new SilenceMeter();
  assert.deepEqual(meter.answered(1000, 3900), []);
  meter.filled(12_600, 'One moment, please.');
  assert.deepEqual(meter.answered(10_000, 15_500), []);
});

test('a wait that nobody filled is one, from the end of what the caller said to the first sound', () => {
  assert.deepEqual(new SilenceMeter().answered(1000, 4500), [{ fromMs: 1000, toMs: 4500 }]);
});

test('a filler that comes too late, or is followed by silence, leaves one, counted from the end of its words', () => {
  const meter = new SilenceMeter();
  meter.filled(4500, '1234567890');
  assert.deepEqual(meter.answered(1000, 10_000), [
    { fromMs: 1000, toMs: 4500 },
    { fromMs: 5400, toMs: 10_000 },
  ]);
});

test('what filled the wait before is none of this one’s', () => {
  const meter = new SilenceMeter();
  meter.filled(2000, 'One moment.');
  assert.deepEqual(meter.answered(500, 2900), []);
  assert.deepEqual(meter.answered(20_000, 24_000), [{ fromMs: 20_000, toMs: 24_000 }]);
});

test('whom nobody talked with, as his host had died, was silent until he heard the next one, and not twice', () => {
  const left = () => {
    const meter = new SilenceMeter();
    meter.leftAlone(1000, 4000);
    return meter;
  };
  const silence = { fromMs: 1000, toMs: 5000 };
  const heard = left();
  assert.deepEqual(
    [heard.agentHeard(5000), heard.agentHeard(9000), heard.notAlone(9000)],
    [silence, undefined, undefined],
  );
  assert.deepEqual(left().filled(5000, 'One moment.'), silence);
  const asked = left();
  // He had spoken to nobody; the words to which he got an answer are told after its first sound.
  assert.deepEqual(asked.answered(1500, 5000), [silence]);
  const told = left();
  told.agentHeard(5000);
  assert.deepEqual(told.answered(1500, 5000), []);
  assert.deepEqual(left().notAlone(9000), { fromMs: 1000, toMs: 9000 }, 'he gave up');
});

test('a loss that was made good within three seconds is no silence; nor is one of which somebody on hold heard nothing', () => {
  const soon = new SilenceMeter();
  soon.leftAlone(1000, 3000);
  assert.equal(soon.agentHeard(3900), undefined);
  const onHold = new SilenceMeter();
  onHold.leftAlone(1000, 5000);
  assert.equal(onHold.agentHeard(120_000), undefined);
});

test('a caller who hangs up in a silence was in it; one who was answered was not', () => {
  const left = new SilenceMeter();
  left.callerSpoke(1000);
  assert.deepEqual(left.ended(9000), { fromMs: 1000, toMs: 9000 });
  const answered = new SilenceMeter();
  answered.callerSpoke(1000);
  answered.agentHeard(2500);
  assert.equal(answered.ended(9000), undefined);
  const atOnce = new SilenceMeter();
  atOnce.callerSpoke(1000);
  assert.equal(atOnce.ended(2000), undefined);
});
