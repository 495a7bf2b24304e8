import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeWav } from '../../shared/audio/wav.ts';
import { pcmOfWav } from './caller-requests.ts';

test('a WAV file without any audio is refused, not played as silence (wav-of-unknown-length)', () => {
  assert.throws(() => pcmOfWav(encodeWav([new Int16Array(0)], 16_000)), { code: 'audio.wav' });
  assert.equal(pcmOfWav(encodeWav([Int16Array.of(1, 2, 3)], 16_000)).length, 6);
});
