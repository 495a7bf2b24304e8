import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Surroundings, type TalkMood, talkStatus } from './talk-status.ts';

const quiet: TalkMood = { playing: false, hearing: false, thinking: false, muted: false };
const alone: Surroundings = { waiting: false, onPhone: false, answers: true };
const open = (mood: Partial<TalkMood>) => talkStatus({ name: 'open' }, { ...quiet, ...mood }, alone);

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

test('where nobody answers it promises no answer (transcription looks like a conversation)', () => {
  const unanswered = (mood: Partial<TalkMood>) =>
    talkStatus({ name: 'open' }, { ...quiet, ...mood }, { ...alone, answers: false });
  assert.equal(unanswered({}), 'Listening. Nobody answers');
  assert.equal(unanswered({ hearing: true }), 'Hearing you');
  assert.doesNotMatch(unanswered({ playing: true }), /agent|cut in/);
  assert.match(unanswered({ playing: true, muted: true }), /muted/);
});

test('without a line it says when the next try is due', () => {
  const waiting = { name: 'waiting', attempt: 3, trouble: 'connection-lost', retryInMs: 3_100 } as const;
  assert.equal(talkStatus(waiting, quiet, alone), 'Trying again in 4 s');
});

test('at rest it says what can be done, not that something is missing (5.3)', () => {
  assert.equal(talkStatus({ name: 'idle' }, quiet, alone), 'Ready when you are');
  assert.equal(talkStatus({ name: 'closed' }, quiet, alone), 'The talk is over');
  assert.match(talkStatus({ name: 'idle' }, quiet, { ...alone, waiting: true }), /can go on/);
  assert.match(talkStatus({ name: 'closed' }, quiet, { ...alone, onPhone: true }), /on the phone/);
});
