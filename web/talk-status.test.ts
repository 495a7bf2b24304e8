import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type TalkMood, talkStatus } from './talk-status.ts';

const quiet: TalkMood = { playing: false, hearing: false, thinking: false, muted: false };
const open = (mood: Partial<TalkMood>) => talkStatus({ name: 'open' }, { ...quiet, ...mood });

test('while the line stands, the status tells whose turn it is', () => {
  assert.equal(open({}), 'Listening');
  assert.equal(open({ hearing: true }), 'Hearing you');
  assert.equal(open({ thinking: true }), 'One moment');
  assert.match(open({ playing: true, thinking: true }), /speaking.*cut in/);
});

test('muted, it never says that it listens', () => {
  for (const mood of [{}, { hearing: true }, { thinking: true }, { playing: true }]) {
    assert.match(open({ ...mood, muted: true }), /muted/);
  }
});

test('without a line it says when the next try is due', () => {
  const waiting = { name: 'waiting', attempt: 3, trouble: 'connection-lost', retryInMs: 3_100 } as const;
  assert.equal(talkStatus(waiting, quiet), 'Trying again in 4 s');
  assert.equal(talkStatus({ name: 'idle' }, quiet), 'Not connected');
});
