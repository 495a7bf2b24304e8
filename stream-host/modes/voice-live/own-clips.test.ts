import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultPhrases } from '../../agent/phrases.ts';
import { ClipShelf, OwnClips } from './own-clips.ts';

test('a line that the service makes minutes of is no clip, and is not kept (reader: endless clip)', () => {
  const clips = new OwnClips({ shelf: new ClipShelf(), voice: 'v', phrases: defaultPhrases('en-US', 'Hello.') });
  const make = (seconds: number) => {
    clips.make({ respond: () => 'request' });
    clips.started('response', 'request');
    for (let n = 0; n < seconds; n += 1) clips.audio('response', new Uint8Array(48_000));
    clips.ended('response', true);
  };
  make(300);
  assert.ok(!clips.filling('filler'));
  make(2);
  assert.equal(clips.filling('filler')?.pcm.length, 96_000);
});
