import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { createOutboundAudioData } from '@azure/communication-call-automation';
import { parseWav } from '../../shared/audio/wav.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { codesOf, connectInbound, eventOf, framesOf, order, RESOURCE_ID, startStack } from './testing/stack.ts';

const STORAGE = 'https://storage.example/call-recordings';

async function connected(context: TestContext) {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-recordings-'));
  context.after(() => rm(folder, { recursive: true }));
  const stack = await startStack(context, { recordingsFolder: folder });
  const { call, phone, media } = await connectInbound(stack);
  const { serverCallId = '', callConnectionId = '' } = await call.getCallConnectionProperties();
  const recording = stack.client.getCallRecording();
  const start = (recordingChannel: 'mixed' | 'unmixed', more: { readonly pauseOnStart?: boolean } = {}) =>
    recording.start({
      ...{ callLocator: { kind: 'serverCallLocator', id: serverCallId }, recordingContent: 'audio' },
      ...{ recordingChannel, recordingFormat: 'wav' },
      recordingStorage: { recordingStorageKind: 'azureBlobStorage', recordingDestinationContainerUrl: STORAGE },
      ...more,
    });
  return { stack, call, phone, media, folder, recording, start, callConnectionId };
}

/** What Event Grid says of a file that is there. */
async function fileStatus({ stack, folder }: Awaited<ReturnType<typeof connected>>) {
  const { data } = await stack.application.incoming.first('the file', ({ data }) => 'recordingStorageInfo' in data);
  const { recordingStorageInfo, recordingDurationMs } = data as unknown as {
    recordingStorageInfo: { recordingChunks: { contentLocation: string }[] };
    recordingDurationMs: number;
  };
  const location = recordingStorageInfo.recordingChunks[0]?.contentLocation ?? '';
  assert.ok(location.startsWith(`${STORAGE}/`), location);
  const file = path.join(folder, 'call-recordings', location.slice(STORAGE.length + 1));
  return { wav: parseWav(await readFile(file)), recordingDurationMs, file };
}

const statesOf = ({ stack }: Awaited<ReturnType<typeof connected>>) =>
  stack.application.callbacks.entries.flatMap(({ event: { type, data } }) =>
    type.endsWith('RecordingStateChanged') ? [data.state] : [],
  );

test('a recording of all as one is written where its storage is, without its pauses', async (context) => {
  const line = await connected(context);
  const { recording, start, phone, media } = line;
  const { recordingId, recordingState, recordingKind } = await start('mixed');
  assert.deepEqual([recordingState, recordingKind], ['active', 'azureCommunicationServices']);
  await eventually(() => statesOf(line).length === 1);
  phone.speak(framesOf(1000, 20));
  media.socket.send(createOutboundAudioData(Buffer.from(framesOf(500, 20)).toString('base64')));
  await phone.heard.first('the agent', (frame) => frame.some((byte) => byte !== 0));
  await new Promise((resolve) => setTimeout(resolve, 600));
  await recording.pause(recordingId);
  await eventually(() => statesOf(line).length === 2);
  assert.equal((await recording.getState(recordingId)).recordingState, 'inactive');
  phone.speak(framesOf(9000, 10));
  await new Promise((resolve) => setTimeout(resolve, 500));
  await recording.resume(recordingId);
  await eventually(() => statesOf(line).length === 3);
  await recording.stop(recordingId);
  const { wav, recordingDurationMs } = await fileStatus(line);
  assert.deepEqual(statesOf(line), ['active', 'inactive', 'active', 'inactive']);
  const [samples = new Int16Array(0), ...others] = wav.channels;
  assert.deepEqual([wav.sampleRate, others.length], [16_000, 0]);
  assert.equal(samples.length, recordingDurationMs * 16);
  assert.ok(samples.includes(1500), 'caller and agent, together');
  assert.ok(!samples.some((sample) => sample > 8000), 'nothing of the pause');
  await assert.rejects(recording.getState(recordingId), { statusCode: 404, code: '8522' });
});

test('a recording of each apart has a channel for everybody, and ends with the call', async (context) => {
  const line = await connected(context);
  const { start, phone, media, call } = line;
  await start('unmixed');
  await eventually(() => statesOf(line).length === 1);
  phone.speak(framesOf(1000, 10));
  media.socket.send(createOutboundAudioData(Buffer.from(framesOf(500, 10)).toString('base64')));
  await new Promise((resolve) => setTimeout(resolve, 400));
  await call.hangUp(true);
  const { wav, file } = await fileStatus(line);
  const [caller, agent, ...others] = wav.channels;
  assert.ok(caller?.includes(1000) && !caller.includes(500));
  assert.ok(agent?.includes(500) && !agent.includes(1000));
  assert.equal(others.length, 0);
  const files = await readdir(path.dirname(file));
  assert.deepEqual(files.toSorted(), ['0-acsmetadata.json', '0-audio.wav']);
  const { participants } = JSON.parse(await readFile(path.join(path.dirname(file), '0-acsmetadata.json'), 'utf8'));
  assert.deepEqual(participants[1], { participantId: `8:acs:${RESOURCE_ID}_parley` });
  assert.ok(
    line.stack.application.eventTypes.indexOf('CallDisconnected') > 0,
    'the state is told before the end of the call',
  );
});

test('a recording that cannot be written, or of a call that is recorded already, is refused or fails', async (context) => {
  const line = await connected(context);
  const { recording, start, stack, callConnectionId } = line;
  await order(stack, 'faults', { 'acs.recording': { times: 1 } });
  const { recordingId } = await start('mixed');
  const failed = await eventOf(stack, 'StartRecordingFailed');
  assert.deepEqual([...codesOf(failed), failed.recordingId], [403, 7504, recordingId]);
  const paused = await start('mixed', { pauseOnStart: true });
  assert.equal(paused.recordingState, 'inactive');
  await eventually(() => statesOf(line).length === 1);
  await assert.rejects(start('mixed'), { statusCode: 400, code: '8553' });
  const audio = { callConnectionId, recordingContent: 'audio' } as const;
  await assert.rejects(recording.start({ ...audio, recordingFormat: 'mp4' }), { statusCode: 400, code: '8557' });
  await assert.rejects(recording.start({ callConnectionId: 'nobody’s' }), { statusCode: 404, code: '8522' });
  await assert.rejects(recording.stop('unknown'), { statusCode: 404, code: '8522' });
});
