import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FRAME_BYTES } from '../../shared/audio/pcm.ts';
import type { RecogniserEvents } from '../contract/speech.ts';
import { LineObserver } from './line-observer.ts';
import { babble } from './testing/sounds.ts';

test('what was said is gone through when more was said: with every other frame it cost more the longer a mailbox talked', (t) => {
  let events: RecogniserEvents | undefined;
  const observer = new LineObserver({
    rateHz: 16_000,
    openRecogniser: (given) => {
      events = given;
      return { write() {}, restart() {}, close() {} };
    },
    onJudged: () => {},
  });
  const hears = (pcm: Uint8Array) => {
    for (let at = 0; at < pcm.length; at += FRAME_BYTES) observer.write(pcm.subarray(at, at + FRAME_BYTES));
  };
  hears(babble(1000));
  events?.onPartial('Hi, this is Dan, and this is', 0, 900);
  // Whoever looks for words normalises the text.
  const reads = t.mock.method(String.prototype, 'normalize');
  hears(babble(1000));
  assert.equal(reads.mock.callCount(), 0);
  events?.onPartial('Hi, this is Dan, and this is my telephone', 0, 1900);
  assert.ok(reads.mock.callCount() > 0);
});
