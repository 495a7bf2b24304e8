import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { FRAME_BYTES } from '../../shared/audio/pcm.ts';
import { ByHeart } from './by-heart.ts';
import type { SpeechClip } from './speech-clip.ts';
import { Voices } from './voices.ts';

/** What was told, in order. */
function hears(ears: ByHeart, silenceMs = 500) {
  const told: string[] = [];
  const stream = ears.listen(silenceMs, {
    onSpeechStarted: () => told.push('started'),
    onPartial: (text) => told.push(`… ${text}`),
    onPhrase: (text) => told.push(text ?? 'nothing'),
    onFailure: (error) => assert.fail(error),
  });
  const write = (pcm: Uint8Array) => {
    for (let at = 0; at < pcm.length; at += FRAME_BYTES) stream.write(pcm.subarray(at, at + FRAME_BYTES));
  };
  return { told, stream, write };
}

const silence = (ms: number) => new Uint8Array(ms * 32);

async function speaking(): Promise<{
  ears: ByHeart;
  say: (text: string) => Promise<SpeechClip>;
  close: () => Promise<void>;
}> {
  const ears = new ByHeart();
  const voices = await Voices.start({
    log: pino({ level: 'silent' }),
    onClip: (sentence, clip) => ears.learn(sentence, clip),
  });
  return { ears, say: (text) => voices.speak(text, 'awb'), close: () => voices.close() };
}

test('what a voice says is heard as it was written, a word at a time, and once it is over', async (t) => {
  const { ears, say, close } = await speaking();
  t.after(close);
  const { pcm } = await say('Hello. What is the status of order 1042?');
  const { told, write } = hears(ears);
  write(silence(333));
  write(pcm);
  write(silence(700));
  assert.deepEqual(told.slice(0, 2), ['started', '… hello']);
  assert.ok(told.includes('… hello what is the'), told.join('\n'));
  assert.equal(told.at(-1), 'Hello. What is the status of order 1042?');
});

test('whoever is cut off is heard as far as he came, and a hole in the line costs no word', async (t) => {
  const { ears, say, close } = await speaking();
  t.after(close);
  const { pcm, words } = await say('Please deliver it on Friday instead.');
  const friday = words.find(({ text }) => text.startsWith('Friday'));
  assert.ok(friday);
  const cutAt = Math.floor(friday.startMs) * 32;
  const { told, write } = hears(ears);
  write(pcm.subarray(0, cutAt));
  write(silence(700));
  assert.equal(told.at(-1), 'Please deliver it on');
  write(pcm.subarray(0, 16_000));
  write(silence(60));
  write(pcm.subarray(16_000));
  write(silence(700));
  assert.equal(told.at(-1), 'Please deliver it on Friday instead.');
});

test('nobody else is heard, and that nothing was said is told every five seconds', async (t) => {
  const { ears, say, close } = await speaking();
  t.after(close);
  const { pcm } = await say('Hello.');
  const { told, write } = hears(ears);
  write(pcm.map((byte, at) => (at % 2 === 0 ? byte ^ 1 : byte)));
  write(silence(10_000));
  assert.deepEqual(told, ['nothing', 'nothing']);
});

test('a stream that ends in the middle of a phrase tells what there was of it', async (t) => {
  const { ears, say, close } = await speaking();
  t.after(close);
  const { pcm } = await say('One moment please.');
  const { told, stream, write } = hears(ears);
  write(pcm);
  await stream.end();
  assert.equal(told.at(-1), 'One moment please.');
});
