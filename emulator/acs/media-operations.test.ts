import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { DtmfTone } from '@azure/communication-call-automation';
import { samplesOf } from '../../shared/audio/pcm.ts';
import { encodeWav } from '../../shared/audio/wav.ts';
import { listening } from '../../shared/testing/listening.ts';
import { TestPhone } from './testing/phone.ts';
import {
  AGENT,
  CALLER,
  codesOf,
  connectInbound,
  eventOf,
  framesOf,
  levelOf,
  SPOKEN_LEVEL,
  speak,
  startStack,
} from './testing/stack.ts';

const caller = { phoneNumber: CALLER };
const TEXT = { kind: 'textSource', text: 'Enter your number.' } as const;

async function connected(context: TestContext) {
  const stack = await startStack(context, { speak });
  const { phone, call } = await connectInbound(stack);
  return { stack, phone, call, media: call.getCallMedia() };
}

const press = (phone: TestPhone, keys: string) => {
  for (const tone of keys) phone.send({ type: 'dtmf', tone });
};

test('keys that the application presses are heard one after the other', async (context) => {
  const { stack, phone, media } = await connected(context);
  const sent = await media.sendDtmfTones(['one', 'pound'], caller, { operationContext: 's1' });
  assert.equal(sent.operationContext, 's1');
  await assert.rejects(media.sendDtmfTones(['two'], caller), { statusCode: 412, code: '8583' });
  assert.deepEqual(codesOf(await eventOf(stack, 'SendDtmfTonesCompleted', 's1')), [200, 0]);
  const heard = phone.events.entries.flatMap((event) => (event.type === 'tone' ? [event.tone] : []));
  assert.deepEqual(heard, ['1', '#']);
  await assert.rejects(media.sendDtmfTones(['eleven'], caller), { statusCode: 400, code: '8523' });
  await assert.rejects(media.sendDtmfTones(['one'], { phoneNumber: '+15550009999' }), {
    statusCode: 404,
    code: '8522',
  });
});

test('keys for somebody who leaves meanwhile fail', async (context) => {
  const { stack, call, media } = await connected(context);
  const second = await TestPhone.plugIn(stack.ports.plain, '+15550003333');
  void second.event('ringing').then(() => second.send({ type: 'answer' }));
  const targetParticipant = { phoneNumber: '+15550003333' };
  await call.addParticipant({ targetParticipant, sourceCallIdNumber: { phoneNumber: AGENT } });
  await second.event('connected');
  await media.sendDtmfTones(['one', 'two', 'three'], targetParticipant, { operationContext: 's1' });
  await second.event('tone');
  second.send({ type: 'hangup' });
  assert.deepEqual(codesOf(await eventOf(stack, 'SendDtmfTonesFailed', 's1')), [404, 8522]);
});

test('keys that a caller presses are told one by one while they are listened for', async (context) => {
  const { stack, phone, media } = await connected(context);
  await media.startContinuousDtmfRecognition(caller, { operationContext: 'd1' });
  press(phone, '5*');
  await stack.application.callbacks.first('the second key', ({ event }) => event.data.sequenceId === 2);
  const tones = stack.application.callbacks.entries.flatMap(({ event: { data } }) =>
    data.tone === undefined ? [] : [[data.sequenceId, data.tone, data.operationContext]],
  );
  assert.deepEqual(tones, [
    [1, 'five', 'd1'],
    [2, 'asterisk', 'd1'],
  ]);
  await media.stopContinuousDtmfRecognition(caller, { operationContext: 'd2' });
  await eventOf(stack, 'ContinuousDtmfRecognitionStopped', 'd2');
  press(phone, '7');
  await media.sendDtmfTones(['one'], caller);
  await eventOf(stack, 'SendDtmfTonesCompleted');
  assert.equal(stack.application.eventTypes.filter((type) => type.endsWith('ToneReceived')).length, 2);
});

const collect = (options: { stopDtmfTones?: DtmfTone[]; maxTonesToCollect?: number; playPrompt?: typeof TEXT }) =>
  ({
    kind: 'callMediaRecognizeDtmfOptions',
    ...{ initialSilenceTimeoutInSeconds: 1, interToneTimeoutInSeconds: 1, interruptPrompt: true },
    ...options,
  }) as const;

test('keys are collected until one says stop, or there are enough', async (context) => {
  const { stack, phone, media } = await connected(context);
  await media.startRecognizing(caller, { ...collect({ stopDtmfTones: [DtmfTone.Pound] }), operationContext: 'r1' });
  press(phone, '12#');
  const stopped = await eventOf(stack, 'RecognizeCompleted', 'r1');
  assert.deepEqual(codesOf(stopped), [200, 8514]);
  assert.deepEqual([stopped.recognitionType, stopped.dtmfResult], ['dtmf', { tones: ['one', 'two', 'pound'] }]);

  await media.startRecognizing(caller, { ...collect({ maxTonesToCollect: 2 }), operationContext: 'r2' });
  press(phone, '90');
  const enough = await eventOf(stack, 'RecognizeCompleted', 'r2');
  assert.deepEqual([...codesOf(enough), enough.dtmfResult], [200, 8531, { tones: ['nine', 'zero'] }]);
});

test('a caller who presses nothing, or not enough, is told of', async (context) => {
  const { stack, phone, media } = await connected(context);
  await media.startRecognizing(caller, { ...collect({}), operationContext: 'silent' });
  assert.deepEqual(codesOf(await eventOf(stack, 'RecognizeFailed', 'silent')), [400, 8510]);
  await media.startRecognizing(caller, { ...collect({ maxTonesToCollect: 4 }), operationContext: 'short' });
  press(phone, '1');
  assert.deepEqual(codesOf(await eventOf(stack, 'RecognizeFailed', 'short')), [400, 8532]);
  await assert.rejects(media.startRecognizing(caller, { kind: 'callMediaRecognizeSpeechOptions' }), {
    statusCode: 400,
    message: /dtmf only/,
  });
});

test('a key cuts the prompt short where it may, and counts', async (context) => {
  const { stack, phone, media } = await connected(context);
  const long = { kind: 'textSource', text: 'x' } as const;
  await media.playToAll([long, long, long], { loop: true, operationContext: 'p0' });
  await phone.heard.first('the loop', (frame) => levelOf(frame) === SPOKEN_LEVEL);
  // Waits behind what plays, until that is cancelled.
  await media.startRecognizing(caller, {
    ...collect({ maxTonesToCollect: 1, playPrompt: TEXT }),
    interruptCallMediaOperation: true,
    operationContext: 'r1',
  });
  assert.deepEqual(codesOf(await eventOf(stack, 'PlayCanceled', 'p0')), [400, 8508]);
  press(phone, '3');
  assert.deepEqual((await eventOf(stack, 'RecognizeCompleted', 'r1')).dtmfResult, { tones: ['three'] });
});

test('what is played is heard, and told of when it begins and when it is over', async (context) => {
  const { stack, phone, media } = await connected(context);
  await media.play([TEXT], [caller], { operationContext: 'p1' });
  await phone.heard.first('the words', (frame) => levelOf(frame) === SPOKEN_LEVEL);
  await eventOf(stack, 'PlayStarted', 'p1');
  assert.deepEqual(codesOf(await eventOf(stack, 'PlayCompleted', 'p1')), [200, 0]);
  assert.equal(phone.heard.entries.filter((frame) => levelOf(frame) === SPOKEN_LEVEL).length, 5);
});

test('what plays and what waits for it is cancelled together', async (context) => {
  const { stack, media } = await connected(context);
  await media.playToAll([TEXT], { loop: true, operationContext: 'p1' });
  await eventOf(stack, 'PlayStarted', 'p1');
  await media.playToAll([TEXT], { operationContext: 'p2' });
  await media.startRecognizing(caller, { ...collect({}), operationContext: 'r1' });
  await media.cancelAllOperations();
  await eventOf(stack, 'PlayCanceled', 'p1');
  await eventOf(stack, 'PlayCanceled', 'p2');
  assert.deepEqual(codesOf(await eventOf(stack, 'RecognizeCanceled', 'r1')), [400, 8508]);
});

test('a file is played as it is, and one that is not there, or no WAV of 16 kHz, is told of', async (context) => {
  const { stack, phone, media } = await connected(context);
  const wav = (rate: number) => encodeWav([samplesOf(framesOf(4000, 10))], rate);
  const files: Record<string, Buffer> = {
    '/good.wav': wav(16_000),
    '/slow.wav': wav(8_000),
    '/words.txt': Buffer.from('x'),
  };
  const server = createServer(({ url = '' }, response) => {
    const file = files[url];
    response.writeHead(file ? 200 : 404).end(file);
  });
  const base = `http://127.0.0.1:${await listening(server)}`;
  context.after(() => server.close());
  const play = (file: string) =>
    media.playToAll([{ kind: 'fileSource', url: base + file }], { operationContext: file });
  await play('/good.wav');
  await phone.heard.first('the file', (frame) => levelOf(frame) === 4000);
  await eventOf(stack, 'PlayCompleted', '/good.wav');
  for (const [file, subCode] of [
    ['/none.wav', 8536],
    ['/slow.wav', 8535],
    ['/words.txt', 8535],
  ] as const) {
    await play(file);
    const failed = await eventOf(stack, 'PlayFailed', file);
    assert.deepEqual([...codesOf(failed), failed.failedPlaySourceIndex], [400, subCode, 0]);
  }
});

test('where one participant of several is played to, no other such thing may run', async (context) => {
  const { stack, media } = await connected(context);
  await media.play([TEXT], [caller], { loop: true, operationContext: 'p1' });
  await eventOf(stack, 'PlayStarted', 'p1');
  const clash = { statusCode: 412, code: '8583' };
  await assert.rejects(media.play([TEXT], [caller]), clash);
  await assert.rejects(media.sendDtmfTones(['one'], caller), clash);
  await assert.rejects(media.startContinuousDtmfRecognition(caller), clash);
  await media.playToAll([TEXT], { operationContext: 'p2' });
  await eventOf(stack, 'PlayCompleted', 'p2');
});
