import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noticeNote, unansweredNote } from './unanswered.ts';

test('where nobody answers the page says so, and whether people are told that they are written down (transcription looks like a conversation)', () => {
  assert.match(unansweredNote('This call is written down.'), /^Nobody answers here.*“This call is written down\.”$/);
  assert.match(unansweredNote(''), /^Nobody answers here.*No notice is set/);
  assert.doesNotMatch(unansweredNote(undefined), /notice/);
  assert.equal(noticeNote(undefined), '');
});
