import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { BYTES_PER_MS, rmsOf } from '../../../shared/audio/pcm.ts';
import type { StandbyPurpose } from '../../contract/speech.ts';
import { CLIP_TEXTS, CLIPS_FOLDER, StandbyClips } from './standby-clips.ts';
import { makeClips } from './testing/make-clips.ts';

const PURPOSES = Object.keys(CLIP_TEXTS) as StandbyPurpose[];

test('every bundled clip is what the script makes of its text', async () => {
  for (const [name, wav] of await makeClips()) {
    assert.ok(
      Buffer.from(wav).equals(readFileSync(new URL(`${name}.wav`, CLIPS_FOLDER))),
      `${name}.wav is out of date`,
    );
  }
});

test('whoever speaks English is spoken to in any case, and the text says with which words', () => {
  const clips = new StandbyClips();
  for (const purpose of PURPOSES) {
    const { pcm, text } = clips.clip(purpose, 'en-GB');
    assert.equal(text, CLIP_TEXTS[purpose]);
    assert.ok(pcm.length % 2 === 0 && pcm.length > 500 * BYTES_PER_MS && pcm.length < 6_000 * BYTES_PER_MS);
    assert.ok(rmsOf(pcm) > 0.01);
  }
});

test('nobody who speaks another language is spoken to in English: two tones, and no words', () => {
  const clips = new StandbyClips();
  for (const locale of ['de-DE', 'zh-Hans-CN', 'es-419', 'eng']) {
    const sounds = PURPOSES.map((purpose) => clips.clip(purpose, locale));
    for (const { pcm, text } of sounds) {
      assert.equal(text, '');
      assert.ok(rmsOf(pcm) > 0.01);
    }
    assert.equal(new Set(sounds.map(({ pcm }) => pcm)).size, 2, 'waiting sounds otherwise than trouble');
  }
});

test('an installation without its clips is told at the start, not in the middle of a call', () => {
  assert.throws(() => new StandbyClips(new URL('file:///nowhere/')), { code: 'config.invalid', message: /nowhere/ });
});
