import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CLOSE } from '../shared/protocol/close-codes.ts';
import { type Connection, type ConnectionEvent, nextConnection, retryDelayMs } from './connection.ts';

const after = (...events: ConnectionEvent[]): Connection => events.reduce(nextConnection, { name: 'idle' });
const lost = (code: number): ConnectionEvent => ({ name: 'lost', code, random: 0.5 });
const open: ConnectionEvent[] = [{ name: 'start' }, { name: 'ready' }];

test('a lost line is waited for and tried again', () => {
  const waiting = after(...open, lost(1006));
  assert.deepEqual(waiting, { name: 'waiting', attempt: 0, trouble: 'connection-lost', retryInMs: 400 });
  assert.deepEqual(nextConnection(waiting, { name: 'retry' }), {
    name: 'connecting',
    attempt: 1,
    trouble: 'connection-lost',
  });
});

test('a line that never stood says that the server does not answer', () => {
  const state = after({ name: 'start' }, lost(1006));
  assert.equal(state.name === 'waiting' && state.trouble, 'server-down');
});

test('a line that stood is still a lost one after the next tries fail', () => {
  const state = after(...open, lost(1006), { name: 'retry' }, lost(1006));
  assert.equal(state.name === 'waiting' && state.trouble, 'connection-lost');
});

test('waits grow with each failure and start anew once the line stood', () => {
  const delays = [0, 1, 2, 3, 10, 100].map((attempt) => retryDelayMs(attempt, 0.5));
  assert.deepEqual(delays, [400, 800, 1600, 3200, 10_000, 10_000]);
  const again = after(...open, lost(1006), { name: 'retry' }, { name: 'ready' }, lost(1001));
  assert.equal(again.name === 'waiting' && again.attempt, 0);
});

test('a full server is asked again; another tab is not fought with; a normal end is no trouble', () => {
  assert.equal(after({ name: 'start' }, lost(CLOSE.tooManySessions)).name, 'waiting');
  assert.deepEqual(after(...open, lost(CLOSE.alreadyConnected)), { name: 'closed', trouble: 'other-tab' });
  assert.deepEqual(after(...open, lost(CLOSE.noAudio)), { name: 'closed', trouble: 'microphone-silent' });
  assert.deepEqual(after(...open, lost(CLOSE.normal)), { name: 'closed' });
});

test('what arrives late changes nothing after the end', () => {
  for (const event of [lost(1006), { name: 'ready' }, { name: 'retry' }] as const) {
    assert.deepEqual(after(...open, { name: 'stop' }, event), { name: 'closed' });
  }
});

test('whatever happens, trying ends some day, and a stop always ends it', () => {
  const event = fc.oneof(
    fc.constantFrom<ConnectionEvent>({ name: 'start' }, { name: 'ready' }, { name: 'retry' }),
    fc.record({
      name: fc.constant('lost' as const),
      code: fc.constantFrom(1000, 1001, 1006, 4408, 4409, 4429, 4500),
      random: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  );
  fc.assert(
    fc.property(fc.array(event), (events) => {
      const state = after(...events);
      if (state.name === 'waiting') assert.ok(state.retryInMs > 0 && state.retryInMs <= 12_000);
      assert.ok(['idle', 'closed'].includes(nextConnection(state, { name: 'stop' }).name));
    }),
  );
  let state = after({ name: 'start' });
  for (let tries = 0; tries < 200; tries += 1)
    state = [lost(1006), { name: 'retry' } as const].reduce(nextConnection, state);
  assert.equal(state.name, 'closed');
});
