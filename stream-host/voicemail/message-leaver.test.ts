import assert from 'node:assert/strict';
import { test } from 'node:test';
import { babble, silence, tones } from './testing/sounds.ts';
import { WatchedCall } from './testing/watched-call.ts';

/** Made once, as many seconds of it are heard. */
const TALK = babble(2000);
const MESSAGE = { on_machine: 'leave_message', message: 'Please call the shop.' } as const;
const LEFT = [
  'started',
  'answered by voicemail',
  'closed voicemail',
  'line at 16000',
  'spoke "Please call the shop."',
  'ended voicemail-left',
];

test('a message is left after the tone, and then the call is ended', async () => {
  const call = new WatchedCall(MESSAGE);
  await call.hears(babble(2000));
  call.recognises('leave a message after the tone');
  await call.hears(babble(3000));
  await call.hears(silence(1000));
  assert.equal(call.sentMs, 0);
  await call.hears(tones([1000], 400));
  await call.hears(silence(4000));
  assert.ok(call.sentMs >= 1000);
  assert.deepEqual(call.log, LEFT);
});

test('a tone that sounds, or has ended, when the words tell the machine is the tone: the message came 3.5 s late', async () => {
  const during = new WatchedCall(MESSAGE);
  await during.hears(babble(1000));
  await during.hears(tones([1000], 300));
  during.recognises('leave a message');
  await during.hears(tones([1000], 100));
  await during.hears(silence(600));
  assert.ok(during.sentMs > 0);

  const after = new WatchedCall(MESSAGE);
  await after.hears(babble(600));
  await after.hears(tones([1000], 300));
  await after.hears(silence(400));
  after.recognises('voicemail');
  await after.hears(silence(400));
  assert.ok(after.sentMs > 0);
});

test('a message is ready when the tone comes: it was synthesised only then, and what the mailbox recorded began with seconds of silence', async () => {
  const call = new WatchedCall(MESSAGE);
  call.onSynthesis = () =>
    new Promise((resolve) => {
      call.clock.after(2000, resolve);
    });
  await call.hears(babble(2000));
  call.recognises('leave a message after the tone');
  await call.hears(babble(3000));
  await call.hears(tones([1000], 400));
  await call.hears(silence(600));
  assert.ok(call.sentMs > 0);
  await call.hears(silence(4000));
  assert.deepEqual(call.log, LEFT);
});

test('a voice that is away while the machine talks, and back at its tone, leaves the message', async () => {
  const call = new WatchedCall(MESSAGE);
  let asked = 0;
  call.onSynthesis = async () => {
    asked += 1;
    if (asked === 1) throw new Error('away');
  };
  await call.hears(babble(2000));
  call.recognises('leave a message after the tone');
  await call.hears(babble(1000));
  await call.hears(tones([1000], 400));
  await call.hears(silence(4000));
  assert.deepEqual(call.log, LEFT);
  assert.equal(asked, 2);
});

test('a mailbox without a tone is left its message once it is silent', async () => {
  const call = new WatchedCall(MESSAGE);
  await call.hears(babble(2000));
  call.recognises('leave a message');
  await call.hears(silence(3000));
  assert.equal(call.sentMs, 0);
  await call.hears(silence(5000));
  assert.deepEqual(call.log, LEFT);
});

test('a machine that is known by its beep alone is left the message then', async () => {
  const call = new WatchedCall(MESSAGE);
  await call.hears(babble(3000));
  await call.hears(tones([1400], 300));
  await call.hears(silence(4000));
  assert.deepEqual(call.log, LEFT);
});

test('who talks for a minute without a tone is left nothing', async () => {
  const call = new WatchedCall(MESSAGE);
  await call.hears(TALK);
  call.recognises('leave a message');
  for (let i = 0; i < 31; i++) await call.hears(TALK);
  assert.equal(call.sentMs, 0);
  assert.equal(call.log.at(-1), 'ended voicemail-no-tone');
});

test('a number at which nobody can be had is left no message', async () => {
  const call = new WatchedCall(MESSAGE);
  await call.hears(babble(1500));
  call.recognises('The number you have dialed is not in service');
  await call.hears(babble(200));
  assert.equal(call.log.at(-1), 'ended unavailable');
});

test('whoever ends the call ends what is being said to a machine', async () => {
  const call = new WatchedCall(MESSAGE);
  await call.hears(babble(400));
  await call.hears(silence(1600));
  call.recognises('leave a message');
  await call.hears(silence(500));
  call.mode.close('hangup-requested');
  await call.hears(silence(8000));
  assert.equal(call.log.at(-1), 'ended hangup-requested');
  assert.equal(call.sentMs, 0);
});
