import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import adapter from 'microsoft-cognitiveservices-speech-sdk/distrib/lib/src/common.browser/WebsocketMessageAdapter.js';
import { eventually } from '../../../shared/testing/eventually.ts';
import { speechConfigFor } from '../sdk/speech-service.ts';
import { wordsOf } from '../testing/recogniser-conformance.ts';
import { ToneService } from '../testing/tone-service.ts';
import { speakTones } from '../testing/tones.ts';
import { RecognitionSession } from './recognition-session.ts';

const PIECE_BYTES = 9_600;

async function recognise(words: string): Promise<{ readonly heard: string; readonly sentBytes: readonly number[] }> {
  const service = await ToneService.start();
  const config = speechConfigFor({ host: `ws://127.0.0.1:${service.port}`, proof: 'not-a-secret' });
  config.speechRecognitionLanguage = 'en-US';
  let heard = '';
  let signs = 0;
  const session = new RecognitionSession(config, {
    onSign: () => void signs++,
    onPartial: () => undefined,
    onPhrase: (text) => {
      heard = wordsOf(`${heard} ${text}`);
    },
    onTurnEnd: () => undefined,
    onEnd: (error) => assert.fail(error),
  });
  try {
    const speech = speakTones(words);
    const audio = new Uint8Array(Math.ceil(speech.length / PIECE_BYTES) * PIECE_BYTES);
    audio.set(speech);
    for (let at = 0; at < audio.length; at += PIECE_BYTES) session.write(audio.subarray(at, at + PIECE_BYTES));
    await eventually(async () => {
      session.write(new Uint8Array(PIECE_BYTES));
      await sleep(10);
      return heard !== '';
    });
    assert.ok(signs >= 2, 'each message is a sign of life');
    return { heard, sentBytes: service.audioMessages };
  } finally {
    await session.close();
    service.close();
  }
}

test('audio that was written before there was a connection is sent first, each piece as one message', async (t) => {
  const warn = t.mock.method(process, 'emitWarning', () => undefined);
  const { heard, sentBytes } = await recognise('oak elm pine fir');
  assert.equal(heard, 'oak elm pine fir');
  const [, ...pieces] = sentBytes;
  assert.deepEqual(new Set(pieces), new Set([PIECE_BYTES]));
  assert.equal(warn.mock.callCount(), 0, 'the messages took the short way');
});

test('without the short way the same is heard the slow way', async (t) => {
  const warn = t.mock.method(process, 'emitWarning', () => undefined);
  // The web socket is then that of Node, which has other messages.
  adapter.WebsocketMessageAdapter.forceNpmWebSocket = false;
  t.after(() => {
    adapter.WebsocketMessageAdapter.forceNpmWebSocket = true;
  });
  const { heard, sentBytes } = await recognise('oak elm pine fir');
  assert.equal(heard, 'oak elm pine fir');
  assert.deepEqual(new Set(sentBytes.slice(1)), new Set([PIECE_BYTES]));
  assert.equal(warn.mock.callCount(), 1);
});
