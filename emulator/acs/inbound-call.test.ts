import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOutboundAudioData, createOutboundStopAudioData } from '@azure/communication-call-automation';
import { FRAME_BYTES } from '../../shared/audio/pcm.ts';
import { AGENT, CALLER, connectInbound, dial, startStack } from './testing/stack.ts';

const tone = (value: number, frames: number): Uint8Array => new Uint8Array(FRAME_BYTES * frames).fill(value);

test('a dialled call is offered, answered, spoken on in both directions and hung up by the application', async (context) => {
  const stack = await startStack(context);
  const { application, log } = stack;
  const { phone, call, answer, media } = await connectInbound(stack);
  const id = answer.callConnectionProperties.callConnectionId;
  assert.equal(answer.callConnectionProperties.callConnectionState, 'connecting');
  assert.equal(media.headers['x-ms-call-connection-id'], id);

  const metadata = await media.frames.first('the first frame');
  assert.equal(metadata.kind, 'metadata');
  phone.speak(tone(7, 5));
  const heard = await media.frames.first('the voice', (frame) => frame.kind === 'audio' && !frame.silent);
  // A mixed stream is nobody's.
  assert.deepEqual(heard, { kind: 'audio', pcm: Buffer.from(tone(7, 1)), silent: false, participant: undefined });

  media.socket.send(createOutboundAudioData(Buffer.from(tone(9, 3)).toString('base64')));
  await phone.heard.first('the answer', (frame) => frame.equals(tone(9, 1)));

  await call.hangUp(true);
  assert.equal((await phone.event('disconnected')).code, 200);
  const disconnected = await application.event('CallDisconnected');
  assert.equal(disconnected.data.callConnectionId, id);
  assert.deepEqual(application.eventTypes, [
    'CallConnected',
    'ParticipantsUpdated',
    'MediaStreamingStarted',
    'MediaStreamingStopped',
    'CallDisconnected',
  ]);
  const said = log.filter((line) => line.call === id).map((line) => line.msg);
  for (const line of [
    'IncomingCall delivered',
    'answer: HMAC signature verified',
    'CallConnected',
    'media streaming started',
    'CallDisconnected',
  ]) {
    assert.ok(said.includes(line), `the log has no "${line}"`);
  }
  assert.ok(!JSON.stringify(log).includes(CALLER) && !JSON.stringify(log).includes(AGENT), 'a number is in the log');
  await assert.rejects(call.getCallConnectionProperties(), { statusCode: 404, code: '8522' });
});

test('StopAudio drops what is buffered, says how much, and not a frame of it follows', async (context) => {
  const stack = await startStack(context);
  const { phone, media } = await connectInbound(stack);
  media.socket.send(createOutboundAudioData(Buffer.from(tone(9, 150)).toString('base64')));
  await phone.heard.first('the beginning', (frame) => frame.equals(tone(9, 1)));
  media.socket.send(createOutboundStopAudioData());
  const { droppedMs } = await phone.event('audioStopped');
  const heardBefore = phone.heard.entries.filter((frame) => frame[0] === 9).length;
  assert.equal(droppedMs, (150 - heardBefore) * 20);
  media.socket.send(createOutboundAudioData(Buffer.from(tone(3, 2)).toString('base64')));
  await phone.heard.first('what was sent after the stop', (frame) => frame.equals(tone(3, 1)));
  assert.equal(phone.heard.entries.filter((frame) => frame[0] === 9).length, heardBefore);
});

test('a call that is answered before its event is taken is delivered all the same, once', {
  timeout: 10_000,
}, async (context) => {
  const stack = await startStack(context);
  const { application, client, log } = stack;
  application.beforeTaking = async ({ data }) => {
    await client.answerCall(data.incomingCallContext ?? '', application.callbackUri);
    await application.event('CallConnected');
  };
  const { phone } = await dial(stack);
  await phone.event('connected');
  while (!log.some(({ msg }) => msg === 'IncomingCall delivered'))
    await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(application.incoming.entries.length, 1);
});
