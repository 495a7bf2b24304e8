import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOutboundAudioData } from '@azure/communication-call-automation';
import { FRAME_BYTES, samplesOf } from '../../shared/audio/pcm.ts';
import type { MediaPeer } from './testing/application.ts';
import { connectInbound, dial, order, type Stack, startStack } from './testing/stack.ts';

const audio = (value: number): string => createOutboundAudioData(Buffer.alloc(FRAME_BYTES, value).toString('base64'));

async function update(stack: Stack, type: string) {
  const { data } = await stack.application.event(type);
  return data.mediaStreamingUpdate;
}

const another = (stack: Stack, than: MediaPeer) =>
  stack.application.media.first('a new socket', (peer) => peer !== than);

test('a media socket that breaks is reported, the call stands, and streaming starts again', async (context) => {
  const stack = await startStack(context);
  const { phone, call, media } = await connectInbound(stack);
  await media.frames.first('the first audio', ({ kind }) => kind === 'audio');
  media.socket.terminate();
  assert.deepEqual(await update(stack, 'MediaStreamingFailed'), {
    contentType: 'Audio',
    mediaStreamingStatus: 'mediaStreamingFailed',
    mediaStreamingStatusDetails: 'streamConnectionInterrupted',
  });
  const properties = await call.getCallConnectionProperties();
  assert.equal(properties.callConnectionState, 'connected');
  await phone.events.first('the stop', (event) => event.type === 'media' && event.state === 'stopped');

  await call.getCallMedia().startMediaStreaming({ operationContext: 'again' });
  const second = await another(stack, media);
  assert.equal(second.headers['x-ms-call-connection-id'], media.headers['x-ms-call-connection-id']);
  assert.equal((await second.frames.first('metadata')).kind, 'metadata');
  second.socket.send(audio(5));
  await phone.heard.first('audio of the second socket', (frame) => frame[0] === 5);
  // The callback travels apart from the audio and may be the later of the two.
  await stack.application.callbacks.first(
    'the second start',
    ({ event }) => event.type.endsWith('MediaStreamingStarted') && event.data.operationContext === 'again',
  );
  const started = stack.application.callbacks.entries.filter(({ event }) =>
    event.type.endsWith('MediaStreamingStarted'),
  );
  assert.deepEqual(
    started.map(({ event }) => event.data.operationContext),
    ['greet', 'again'],
  );
});

test('an application that closes the socket in good order is told that streaming stopped', async (context) => {
  const stack = await startStack(context);
  const { media } = await connectInbound(stack);
  media.socket.close(1001, 'draining');
  assert.deepEqual(await update(stack, 'MediaStreamingStopped'), {
    contentType: 'Audio',
    mediaStreamingStatus: 'mediaStreamingStopped',
    mediaStreamingStatusDetails: 'streamConnectionInterrupted',
  });
});

for (const [status, details] of [
  [401, 'authenticationFailure'],
  [429, 'tooManyRequests'],
  [503, 'initialWebSocketConnectionFailed'],
] as const) {
  test(`a media socket that is refused with ${status} is reported as ${details}, and can be tried again`, async (context) => {
    const stack = await startStack(context);
    stack.application.mediaFaults.push(status);
    const { context: incoming } = await dial(stack);
    const { callConnection } = await stack.client.answerCall(incoming, stack.application.callbackUri, {
      mediaStreamingOptions: stack.application.mediaStreamingOptions,
    });
    const failed = await stack.application.event('MediaStreamingFailed');
    const { mediaStreamingStatusDetails } = failed.data.mediaStreamingUpdate as Record<string, unknown>;
    assert.equal(mediaStreamingStatusDetails, details);
    await callConnection.getCallMedia().startMediaStreaming();
    await stack.application.event('MediaStreamingStarted');
  });
}

test('a call has the format that is asked for: 24 kHz both ways, and frames of a mixed stream name nobody', async (context) => {
  const stack = await startStack(context);
  const { context: incoming, phone } = await dial(stack);
  const mediaStreamingOptions = { ...stack.application.mediaStreamingOptions, audioFormat: 'pcm24KMono' } as const;
  await stack.client.answerCall(incoming, stack.application.callbackUri, { mediaStreamingOptions });
  const media = await stack.application.media.first('the media socket');
  const metadata = await media.frames.first('metadata', ({ kind }) => kind === 'metadata');
  assert.partialDeepStrictEqual(metadata, { sampleRate: 24_000, channels: 1 });
  phone.speak(new Uint8Array(new Int16Array(FRAME_BYTES * 5).fill(5000).buffer));
  const isLoud = (pcm: Uint8Array): boolean => samplesOf(pcm).some((sample) => sample > 4500);
  const frame = await media.frames.first('the voice', (each) => each.kind === 'audio' && isLoud(each.pcm));
  assert.ok(frame.kind === 'audio' && frame.pcm.length === 960 && frame.participant === undefined);
  const voice = Buffer.from(new Int16Array(24_000 / 5).fill(6000).buffer);
  media.socket.send(createOutboundAudioData(voice.toString('base64')));
  const heard = await phone.heard.first('the agent', (each) => samplesOf(each).every((sample) => sample > 5500));
  assert.equal(heard.length, FRAME_BYTES);
});

test('streaming is stopped and started by the application, but not started twice', async (context) => {
  const stack = await startStack(context);
  const { call, media, phone } = await connectInbound(stack);
  const callMedia = call.getCallMedia();
  await assert.rejects(callMedia.startMediaStreaming(), { statusCode: 400, code: 'MediaStreamingActive' });
  await callMedia.stopMediaStreaming();
  assert.equal(await media.closed, 1000);
  await stack.application.event('MediaStreamingStopped');
  phone.heard.entries.length = 0;
  assert.ok(
    (await phone.heard.first('silence')).every((byte) => byte === 0),
    'the line must stay open and silent',
  );
  await callMedia.startMediaStreaming();
  await another(stack, media);
});

test('frames that make no sense are counted and cost nobody the call', async (context) => {
  const stack = await startStack(context);
  const { media, phone } = await connectInbound(stack);
  media.socket.send('not json');
  media.socket.send(Buffer.alloc(FRAME_BYTES));
  media.socket.send('{"kind":"AudioData","audioData":{"data":"AAA="}}');
  media.socket.send('{"kind":"AudioData","audioData":{"data":"AAAA"}}');
  media.socket.send('{"kind":"Mystery"}');
  media.socket.send(audio(4));
  await phone.heard.first('good audio', (frame) => frame.includes(4));
  phone.send({ type: 'hangup' });
  await stack.application.event('CallDisconnected');
  const counted = stack.log.find(({ msg }) => msg === 'media frames not used');
  assert.deepEqual([counted?.malformedFrames, counted?.unwantedFrames], [3, 1]);
});

test('a call without media streaming keeps its line open and says so when streaming is asked for', async (context) => {
  const stack = await startStack(context);
  const { phone, context: incoming } = await dial(stack);
  const { callConnection } = await stack.client.answerCall(incoming, stack.application.callbackUri);
  await phone.heard.first('silence', (frame) => frame.length === FRAME_BYTES);
  const missing = { statusCode: 400, code: 'streamUrlMissing' };
  await assert.rejects(callConnection.getCallMedia().startMediaStreaming(), missing);
});

test('that a media socket broke can be noticed late: until then it counts as open, and can be stopped (issue 17)', async (context) => {
  const stack = await startStack(context);
  const { phone, call, media } = await connectInbound(stack);
  await media.frames.first('the first audio', ({ kind }) => kind === 'audio');
  assert.equal((await order(stack, 'faults', { 'acs.media_loss': { times: 1, ms: 2_000 } })).status, 200);
  media.socket.terminate();
  await new Promise((resolve) => setTimeout(resolve, 100));
  const { mediaStreamingSubscription } = await call.getCallConnectionProperties();
  assert.equal(mediaStreamingSubscription?.state, 'active');
  await assert.rejects(call.getCallMedia().startMediaStreaming(), { code: 'MediaStreamingActive' });
  assert.partialDeepStrictEqual(await update(stack, 'MediaStreamingFailed'), {
    mediaStreamingStatusDetails: 'streamConnectionInterrupted',
  });
  await phone.events.first('the stop', (event) => event.type === 'media' && event.state === 'stopped');

  await order(stack, 'faults', { 'acs.media_loss': { times: 1, ms: 60_000 } });
  await call.getCallMedia().startMediaStreaming();
  (await another(stack, media)).socket.terminate();
  await new Promise((resolve) => setTimeout(resolve, 50));
  await call.getCallMedia().stopMediaStreaming();
  await stack.application.event('MediaStreamingStopped');
  await call.getCallMedia().startMediaStreaming();
});
