import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describePhone, dialCommand, nextPhone, type PhoneInput, type PhoneState } from './phone-call.ts';

const registered: PhoneInput = { type: 'registered', number: '+15551234567' };
const connected: PhoneInput = { type: 'connected', callConnectionId: 'c1' };
const after = (...inputs: PhoneInput[]): PhoneState =>
  inputs.reduce<PhoneState>((state, input) => nextPhone(state, input, 1000), { name: 'unplugged' });

test('dials, talks and hangs up', () => {
  const dialling = after(registered, { type: 'dialled', to: '+15550100' });
  assert.equal(describePhone(dialling, 1000), 'Calling +15550100…');
  const talking = nextPhone(dialling, connected, 1000);
  assert.equal(describePhone(talking, 1000), 'Connected 0:00, no audio yet');
  const heard = nextPhone(talking, { type: 'media', state: 'started' }, 1000);
  assert.equal(describePhone(heard, 66_500), 'Connected 1:05');
  const over = nextPhone(heard, { type: 'disconnected', code: 0, reason: '' }, 66_500);
  assert.equal(describePhone(over, 66_500), 'Call ended after 1:05');
});

test('a call that is on hold, or goes on without the agent, says so (stranger16: no audio yet beside a human)', () => {
  const talking = after(registered, { type: 'dialled', to: '+15550100' }, connected, {
    type: 'media',
    state: 'started',
  });
  const held = nextPhone(talking, { type: 'hold', state: 'on' }, 1000);
  assert.equal(describePhone(held, 16_000), 'Connected 0:15, on hold');
  const back = nextPhone(held, { type: 'hold', state: 'off' }, 1000);
  assert.equal(describePhone(back, 16_000), 'Connected 0:15');
  const left = nextPhone(nextPhone(back, { type: 'applicationLeft' }, 1000), { type: 'media', state: 'stopped' }, 1000);
  assert.equal(describePhone(left, 30_000), 'Connected 0:29, the agent has left you to the others');
});

test('a call asks for the agent and the mode that are chosen, and for nothing where nobody has chosen (the call of the page ignores the agent)', () => {
  const to = '+15550100';
  const call = { type: 'dial', to, displayName: 'Web page' };
  assert.deepEqual(dialCommand(to, { agent: 'pizzeria', mode: 'voice_live' }), {
    ...call,
    agent: 'pizzeria',
    mode: 'voice_live',
  });
  assert.deepEqual(dialCommand(to, { agent: undefined, mode: undefined }), call);
});

test('rings and is answered', () => {
  const ringing = after(registered, { type: 'ringing', from: '+15550100', callConnectionId: 'c1' });
  assert.equal(describePhone(ringing, 0), '+15550100 is calling');
  assert.equal(nextPhone(ringing, connected, 0).name, 'connected');
});

test('a call that is refused leaves the phone ready, with the reason', () => {
  const state = after(
    registered,
    { type: 'dialled', to: '+1' },
    { type: 'refused', code: 'x', message: 'Nobody there.' },
  );
  assert.deepEqual(state, { name: 'ready', number: '+15551234567', news: 'Nobody there.' });
});

test('a call knows whom it is with, and the keys that were pressed in it (5.3)', () => {
  const out = after(registered, { type: 'dialled', to: '+15550100' }, connected, { type: 'pressed', key: '4' });
  const pressed = nextPhone(out, { type: 'pressed', key: '#' }, 0);
  assert.partialDeepStrictEqual(pressed, {
    title: 'Phone call to +15550100',
    self: 'caller',
    callConnectionId: 'c1',
    keys: '4#',
  });
  const rung = after(registered, { type: 'ringing', from: '+15550199', callConnectionId: 'c1' }, connected);
  assert.partialDeepStrictEqual(rung, { title: 'Phone call from +15550199', self: 'callee', keys: '' });
  assert.equal(nextPhone(after(registered), { type: 'pressed', key: '4' }, 0).name, 'ready');
});

test('a refused key does not end the call', () => {
  assert.equal(after(registered, connected, { type: 'refused', code: 'x', message: 'Bad tone.' }).name, 'connected');
});

test('without the emulator it says so, and is ready again when the emulator is back', () => {
  const gone = after(registered, connected, { type: 'unplugged' });
  assert.match(describePhone(gone, 0), /emulator does not answer/);
  assert.equal(nextPhone(gone, registered, 0).name, 'ready');
});
