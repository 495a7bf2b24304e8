import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import * as sdk from 'microsoft-cognitiveservices-speech-sdk';
import { WebSocket } from 'ws';
import { eventually } from '../../shared/testing/eventually.ts';
import { KEY, Recognition, SpeechHarness, silence } from './testing/speech-harness.ts';

const ORDER = 'What is the status of order 1042?';
const FRIDAY = 'Can you deliver it on Friday instead?';
const TICKS_PER_MS = 10_000;

let harness: SpeechHarness;
let order: Uint8Array;
let friday: Uint8Array;
before(async () => {
  harness = await SpeechHarness.start();
  order = (await harness.voices.speak(ORDER, 'awb')).pcm;
  friday = (await harness.voices.speak(FRIDAY, 'rms')).pcm;
});
after(() => harness.close());

test('a spoken question is written down, after partials that lead up to it', async () => {
  const recognition = new Recognition(harness.config());
  await recognition.start();
  await recognition.hear(Buffer.concat([silence(500), order, silence(700)]), 1.5);
  await recognition.finish();
  recognition.close();

  assert.deepEqual(recognition.texts, ['What is the status of order 1042?']);
  assert.ok(recognition.partials.length > 0);
  for (const { text } of recognition.partials) assert.match(text, /^what is/);
  assert.equal(recognition.order[0], 'start');
  assert.equal(recognition.order.at(-1), 'result');
  const [result] = recognition.results;
  const startMs = (result?.offset ?? 0) / TICKS_PER_MS;
  const endMs = startMs + (result?.duration ?? 0) / TICKS_PER_MS;
  assert.ok(Math.abs(startMs - 540) < 150, `begins at ${startMs} ms`);
  assert.ok(Math.abs(endMs - (500 + order.length / 32)) < 300, `ends at ${endMs} ms`);
});

test('silence between two sentences makes two phrases, each where it was spoken', async () => {
  const recognition = new Recognition(harness.config());
  await recognition.start();
  await recognition.hear(Buffer.concat([order, silence(900), friday, silence(100)]));
  await recognition.finish();
  recognition.close();

  assert.equal(recognition.texts.length, 2);
  assert.match(recognition.texts[0] ?? '', /status of order 1042/);
  assert.match(recognition.texts[1] ?? '', /deliver it on Friday instead/);
  const fridayMs = order.length / 32 + 900;
  const offsetMs = (recognition.results[1]?.offset ?? 0) / TICKS_PER_MS;
  assert.ok(Math.abs(offsetMs - fridayMs) < 200, `second phrase at ${offsetMs} ms, spoken at ${fridayMs} ms`);
});

test('a longer segmentation silence keeps both sentences in one phrase', async () => {
  const config = harness.config();
  config.setProperty(sdk.PropertyId.Speech_SegmentationSilenceTimeoutMs, '1500');
  const recognition = new Recognition(config);
  await recognition.start();
  await recognition.hear(Buffer.concat([order, silence(500), friday, silence(100)]));
  await recognition.finish();
  recognition.close();
  assert.equal(recognition.texts.length, 1);
  assert.match(recognition.texts[0] ?? '', /status of order.*Friday instead/);
});

test('a long silence is answered by a phrase without words, so that the SDK can forget its audio', async () => {
  const recognition = new Recognition(harness.config());
  await recognition.start();
  await recognition.hear(silence(6000));
  await eventually(() => recognition.results.length > 0);
  const [result] = recognition.results;
  assert.equal(result?.reason, sdk.ResultReason.NoMatch);
  const coveredMs = ((result?.offset ?? 0) + (result?.duration ?? 0)) / TICKS_PER_MS;
  assert.ok(coveredMs > 3500 && coveredMs < 5100, `covers ${coveredMs} ms`);
  recognition.close();
});

test('a click and a hum are no words', async () => {
  const click = new Int16Array(16_000);
  click.fill(20_000, 4000, 4080);
  const hum = Int16Array.from({ length: 16_000 }, (_, i) => 3000 * Math.sin((2 * Math.PI * 100 * i) / 16_000));
  const recognition = new Recognition(harness.config());
  await recognition.start();
  await recognition.hear(Buffer.concat([new Uint8Array(click.buffer), new Uint8Array(hum.buffer), silence(600)]));
  await recognition.finish();
  recognition.close();
  assert.deepEqual(recognition.texts, []);
});

test('a connection that breaks in the middle of a phrase loses no words, and offsets stay true', async () => {
  const recognition = new Recognition(harness.config());
  await recognition.start();
  const before = Buffer.concat([order, silence(900)]);
  await recognition.hear(before);
  await eventually(() => recognition.results.length === 1);
  const half = 2 * Math.round(friday.length / 4);
  await recognition.hear(friday.subarray(0, half));
  await wait(100);
  harness.dropConnections();
  await recognition.hear(Buffer.concat([friday.subarray(half), silence(100)]));
  await recognition.finish();
  recognition.close();
  assert.equal(recognition.texts.length, 2);
  assert.match(recognition.texts[1] ?? '', /deliver it on Friday instead/);
  const offsetMs = (recognition.results[1]?.offset ?? 0) / TICKS_PER_MS;
  assert.ok(Math.abs(offsetMs - before.length / 32) < 250, `offset ${offsetMs} ms`);
});

const SHORT_WORDS = [
  ['Hello?', 'awb', /^hello/i],
  ['Hello', 'rms', /^hello/i],
  ['Hey', 'rms', /^hey/i],
  ['Yes', 'awb', /^yes/i],
  ['Okay', 'awb', /^ok/i],
  ['Thank you.', 'rms', /^thank you/i],
  ['Thank you, goodbye.', 'rms', /^thank you\W+good ?bye/i],
] as const;

for (const [word, voice, understood] of SHORT_WORDS) {
  test(`"${word}" alone is understood, as ${voice} says it (newcomer 5.2-5, stranger17 15)`, async () => {
    const { pcm } = await harness.voices.speak(word, voice);
    const recognition = new Recognition(harness.config());
    await recognition.start();
    await recognition.hear(Buffer.concat([silence(500), pcm, silence(600)]));
    await recognition.finish();
    recognition.close();
    assert.match(recognition.texts.join(' '), understood);
  });
}

test('many callers at once each get their own words', async () => {
  const recognitions = Array.from({ length: 8 }, () => new Recognition(harness.config()));
  await Promise.all(
    recognitions.map(async (recognition, index) => {
      await recognition.start();
      await recognition.hear(Buffer.concat([index % 2 === 0 ? order : friday, silence(600)]));
      await recognition.finish();
      recognition.close();
    }),
  );
  for (const [index, { texts }] of recognitions.entries()) {
    assert.match(texts.join(' '), index % 2 === 0 ? /order 1042/ : /Friday instead/);
  }
});

test('a closed socket leaves nothing behind', async () => {
  const recognition = new Recognition(harness.config());
  await recognition.start();
  await recognition.hear(Buffer.concat([order, silence(600)]));
  await eventually(() => recognition.order.includes('start'));
  recognition.close();
  await eventually(() => harness.service.status().recognitionSockets === 0);
  assert.equal(harness.service.status().waitingToDecode, 0);
});

const RECOGNITION_PATH = '/speech/recognition/conversation/cognitiveservices/v1';

/** The HTTP status of an upgrade, 101 where it succeeds. */
function upgrade(path: string, headers: Record<string, string> = {}): Promise<number | undefined> {
  const socket = new WebSocket(harness.url + path, { headers });
  return new Promise((resolve, reject) => {
    socket.on('unexpected-response', (_, { statusCode }) => resolve(statusCode));
    socket.on('open', () => resolve(101));
    socket.on('error', reject);
  }).finally(() => socket.terminate()) as Promise<number | undefined>;
}

test('the key is taken from header or query, and nothing else opens a socket', async () => {
  assert.equal(await upgrade(RECOGNITION_PATH), 401);
  assert.equal(await upgrade(`${RECOGNITION_PATH}?Ocp-Apim-Subscription-Key=wrong`), 401);
  assert.equal(await upgrade(RECOGNITION_PATH, { Authorization: 'Bearer wrong' }), 401);
  assert.equal(await upgrade(RECOGNITION_PATH, { 'Ocp-Apim-Subscription-Key': KEY }), 101);
  assert.equal(await upgrade(`/stt/speech/universal/v2?language=en-US&Ocp-Apim-Subscription-Key=${KEY}`), 101);
  assert.equal(await upgrade(`/tts/cognitiveservices/websocket/v1?Ocp-Apim-Subscription-Key=${KEY}`), 101);
  await assert.rejects(upgrade(`/elsewhere?Ocp-Apim-Subscription-Key=${KEY}`));
});

test('the SDK reports a wrong key as a failed connection', async () => {
  const recognition = new Recognition(harness.config('wrong'));
  await recognition.start();
  const { reason, errorCode } = await recognition.canceled;
  recognition.close();
  assert.equal(reason, sdk.CancellationReason.Error);
  assert.equal(errorCode, sdk.CancellationErrorCode.ConnectionFailure);
});

const ID = 'a'.repeat(32);
const waveHeader = (sampleRate: number): Buffer => {
  const header = Buffer.alloc(44);
  header.write('RIFF');
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(sampleRate, 24);
  header.writeUInt16LE(16, 34);
  return header;
};
const audio = (payload: Buffer, contentType = ''): Buffer => {
  const head = Buffer.from(`Path:audio\r\nX-RequestId:${ID}\r\nContent-Type:${contentType}\r\n`);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(head.length);
  return Buffer.concat([length, head, payload]);
};
const context = `Path:speech.context\r\nX-RequestId:${ID}\r\n\r\n{}`;

const BAD_FRAMES: readonly [what: string, frames: readonly (string | Buffer)[], code: number, reason: RegExp][] = [
  ['text without headers', ['hello'], 1002, /empty line/],
  ['a frame without a path', [`X-RequestId:${ID}\r\n\r\n{}`], 1002, /Path/],
  ['a request id that is none', ['Path:speech.context\r\nX-RequestId:7\r\n\r\n{}'], 1002, /X-RequestId/],
  ['a context that is not JSON', [`Path:speech.context\r\nX-RequestId:${ID}\r\n\r\n{`], 1007, /not JSON/],
  ['a context of another shape', [`Path:speech.context\r\nX-RequestId:${ID}\r\n\r\n[1]`], 1007, /shape/],
  ['binary that is too short', [Buffer.of(1)], 1002, /shorter/],
  ['binary that lies about its header', [Buffer.of(0x0f, 0xff, 1)], 1002, /more header bytes/],
  ['audio before its context', [audio(Buffer.alloc(640))], 1002, /before a speech.context/],
  [
    'results of another format',
    [`Path:speech.context\r\nX-RequestId:${ID}\r\n\r\n{"phraseOutput":{"format":"Lattice"}}`],
    1007,
    /"Lattice" is not emulated/,
  ],
  ['audio at 8 kHz', [context, audio(waveHeader(8000), 'audio/x-wav')], 1007, /8000 Hz.*16000 Hz/],
  ['a wave header cut short', [context, audio(Buffer.alloc(10), 'audio/x-wav')], 1007, /cut short/],
  ['a frame of two megabytes', [Buffer.alloc(2_000_000)], 1009, /^$/],
];

test('a bad frame closes its own socket with a reason, and no other', async () => {
  const bystander = new Recognition(harness.config());
  await bystander.start();
  await bystander.hear(order.subarray(0, 32_000));
  for (const [what, frames, code, reason] of BAD_FRAMES) {
    const socket = new WebSocket(`${harness.url}${RECOGNITION_PATH}?Ocp-Apim-Subscription-Key=${KEY}`);
    socket.on('open', () => {
      for (const frame of frames) socket.send(frame);
    });
    const closed = await new Promise<[number, string]>((resolve, reject) => {
      socket.on('close', (closeCode, closeReason) => resolve([closeCode, closeReason.toString()]));
      socket.on('error', reject);
    });
    assert.equal(closed[0], code, what);
    assert.match(closed[1], reason, what);
  }
  await bystander.hear(Buffer.concat([order.subarray(32_000), silence(600)]));
  await bystander.finish();
  bystander.close();
  assert.match(bystander.texts.join(' '), /order 1042/);
});
