import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { samplesOf } from '../../shared/audio/pcm.ts';
import { encodeWav } from '../../shared/audio/wav.ts';
import { listening } from '../../shared/testing/listening.ts';
import { TestPhone } from './testing/phone.ts';
import { AGENT, CALLER, codesOf, connectInbound, eventOf, framesOf, levelOf, startStack } from './testing/stack.ts';

const caller = { phoneNumber: CALLER };

async function connected(context: TestContext) {
  const stack = await startStack(context);
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

test('files are played as they are, one after the other, and one that is not there, or no WAV of 16 kHz, is told of', async (context) => {
  const { stack, phone, media } = await connected(context);
  const wav = (rate: number) => encodeWav([samplesOf(framesOf(4000, 10))], rate);
  const files: Record<string, Buffer> = {
    '/good.wav': wav(16_000),
    '/slow.wav': wav(8_000),
    '/words.txt': Buffer.from('x'),
  };
  const server = createServer(({ url = '' }, response) => {
    const file = files[url.split('?')[0] ?? ''];
    response.writeHead(file ? 200 : 404).end(file);
  });
  const base = `http://127.0.0.1:${await listening(server)}`;
  context.after(() => server.close());
  const play = (file: string) =>
    media.playToAll([{ kind: 'fileSource', url: base + file }], { operationContext: file });
  await play('/good.wav');
  await play('/good.wav?again');
  await eventOf(stack, 'PlayStarted', '/good.wav');
  await phone.heard.first('the file', (frame) => levelOf(frame) === 4000);
  assert.deepEqual(codesOf(await eventOf(stack, 'PlayCompleted', '/good.wav')), [200, 0]);
  await eventOf(stack, 'PlayCompleted', '/good.wav?again');
  assert.equal(phone.heard.entries.filter((frame) => levelOf(frame) === 4000).length, 20);
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

test('what Parley never asks of the service is refused by name', async (context) => {
  const { media } = await connected(context);
  const text = { kind: 'textSource', text: 'Enter your number.' } as const;
  const file = { kind: 'fileSource', url: 'http://127.0.0.1:1/x' } as const;
  const refused = (message: RegExp) => ({ statusCode: 400, code: '8523', message });
  await assert.rejects(media.playToAll([text]), refused(/files only/));
  await assert.rejects(media.play([file], [caller]), refused(/to all/));
  await assert.rejects(media.playToAll([file], { loop: true }), refused(/once/));
  await assert.rejects(media.hold(caller, { playSource: file }), refused(/no music/));
  const recognized = media.startRecognizing(caller, { kind: 'callMediaRecognizeDtmfOptions' });
  await assert.rejects(recognized, { statusCode: 501, message: /:recognize/ });
});
