import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClipCache } from './speech-clip.ts';
import { fliteVoiceFor } from './voice-names.ts';

test('a voice name always means the same voice, of the kind that Azure has under it', () => {
  for (const [name, voice] of [
    ['en-US-AvaMultilingualNeural', 'slt'],
    ['en-US-JennyNeural', 'slt'],
    ['en-US-GuyNeural', 'rms'],
    ['en-US-AndrewMultilingualNeural', 'rms'],
    ['en-US-Ava:DragonHDLatestNeural', 'slt'],
    ['en-GB-SoniaNeural', 'awb'],
    ['de-DE-KatjaNeural', 'slt'],
    ['kal16', 'kal16'],
    ['', 'slt'],
  ] as const) {
    assert.equal(fliteVoiceFor(name), voice, name);
  }
});

test('the cache stays within its bound and forgets what was used longest ago', () => {
  const cache = new ClipCache(100);
  const clip = (bytes: number) => ({ pcm: new Uint8Array(bytes), words: [] });
  cache.set('a', clip(40));
  cache.set('b', clip(40));
  assert.ok(cache.get('a'));
  cache.set('c', clip(40));
  assert.equal(cache.get('b'), undefined);
  assert.ok(cache.get('a') && cache.get('c'));
  cache.set('a', clip(10));
  assert.equal(cache.bytes, 50);
  cache.set('too large', clip(200));
  assert.equal(cache.bytes, 0);
});
