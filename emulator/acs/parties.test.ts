import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FRAME_BYTES, rmsOf } from '../../shared/audio/pcm.ts';
import type { ServiceFrame } from '../../shared/carrier/acs/media-frames.ts';
import type { PhraseListener } from '../speech/phrase-stream.ts';
import { TestPhone } from './testing/phone.ts';
import { CALLER, dial, type Stack, startStack } from './testing/stack.ts';

const SECOND = '+15550003333';
const frameOf = (level: number) => new Uint8Array(new Int16Array(FRAME_BYTES / 2).fill(level).buffer);
const CALLERS_VOICE = frameOf(1000);
const SECONDS_VOICE = frameOf(3000);

/** What a listener of the emulator was opened with, to be told what it hears. */
interface Heard {
  readonly listener: PhraseListener;
  bytes: number;
}

async function connect(context: TestContext, audioChannelType: 'mixed' | 'unmixed') {
  const heard: Heard[] = [];
  const stack = await startStack(context, {
    listen: (listener) => {
      const one: Heard = { listener, bytes: 0 };
      heard.push(one);
      return {
        write: (pcm) => {
          one.bytes += pcm.length;
        },
        close: () => {},
      };
    },
  });
  const { phone, context: incoming } = await dial(stack);
  const { application, client } = stack;
  const { callConnection } = await client.answerCall(incoming, application.callbackUri, {
    mediaStreamingOptions: { ...application.mediaStreamingOptions, audioChannelType },
    transcriptionOptions: {
      transportType: 'websocket',
      transportUrl: `ws://127.0.0.1:${application.port}/words`,
      locale: 'en-US',
      startTranscription: false,
      enableIntermediateResults: true,
    },
  });
  await phone.event('connected');
  const media = await application.media.first('the media socket');
  return { stack, phone, call: callConnection, media, heard };
}

/** A second party, as when a person has added somebody to his call. */
async function join(stack: Stack, phone: TestPhone): Promise<TestPhone> {
  const second = await TestPhone.plugIn(stack.ports.plain, SECOND);
  phone.send({ type: 'add', number: SECOND });
  assert.equal((await second.event('ringing')).from, CALLER);
  second.send({ type: 'answer' });
  await second.event('connected');
  assert.deepEqual(await phone.event('party'), { type: 'party', number: SECOND, state: 'joined' });
  return second;
}

type AudioFrame = Extract<ServiceFrame, { kind: 'audio' }>;
const isAudio = (frame: ServiceFrame): frame is AudioFrame => frame.kind === 'audio';
const loudness = ({ pcm }: AudioFrame) => Math.round(rmsOf(pcm) * 32_768);

test('unmixed, the application hears each participant by his id, and all in the call hear each other', async (context) => {
  const { stack, phone, media } = await connect(context, 'unmixed');
  const second = await join(stack, phone);
  for (let frame = 0; frame < 10; frame += 1) {
    phone.speak(CALLERS_VOICE);
    second.speak(SECONDS_VOICE);
  }
  const loud = (participant: string, level: number) =>
    media.frames.first(
      `${participant}`,
      (frame) => isAudio(frame) && frame.participant === participant && loudness(frame) === level,
    );
  await loud(`4:${CALLER}`, 1000);
  await loud(`4:${SECOND}`, 3000);
  await phone.heard.first('the second’s voice', (frame) => Math.round(rmsOf(frame) * 32_768) === 3000);
  await second.heard.first('the caller’s voice', (frame) => Math.round(rmsOf(frame) * 32_768) === 1000);
  const ids = new Set(media.frames.entries.filter(isAudio).map(({ participant }) => participant));
  assert.deepEqual([...ids], [`4:${CALLER}`, `4:${SECOND}`]);
  await stack.application.callbacks.first('the second party', ({ event }) => {
    const { participants, sequenceNumber } = event.data;
    return sequenceNumber === 2 && Array.isArray(participants) && participants.length === 3;
  });
});

test('mixed, the application hears them together', async (context) => {
  const { stack, phone, media } = await connect(context, 'mixed');
  const second = await join(stack, phone);
  for (let frame = 0; frame < 20; frame += 1) {
    phone.speak(CALLERS_VOICE);
    second.speak(SECONDS_VOICE);
  }
  await media.frames.first('both', (frame) => isAudio(frame) && loudness(frame) === 4000);
});

test('who is in a call can leave it, the first one, too; it is over when nobody is left', async (context) => {
  const { stack, phone } = await connect(context, 'unmixed');
  const second = await join(stack, phone);
  second.send({ type: 'hangup' });
  await second.event('disconnected');
  await phone.events.first('that the second left', (event) => event.type === 'party' && event.state === 'left');
  const again = await TestPhone.plugIn(stack.ports.plain, '+15550004444');
  phone.send({ type: 'add', number: '+15550004444' });
  await again.event('ringing');
  again.send({ type: 'answer' });
  await again.event('connected');
  phone.send({ type: 'hangup' });
  await phone.event('disconnected');
  await again.events.first('that the first left', (event) => event.type === 'party' && event.state === 'left');
  assert.equal(stack.service.status.calls, 1);
  again.send({ type: 'hangup' });
  await stack.application.event('CallDisconnected');
});

test('a phone that is not there, or busy, is not added, and whoever wants it is told why', async (context) => {
  const { stack, phone } = await connect(context, 'unmixed');
  phone.send({ type: 'add', number: '+15550009999' });
  assert.equal((await phone.event('refused')).code, 'phone.nobody_there');
  await join(stack, phone);
  phone.send({ type: 'add', number: SECOND });
  await phone.events.first('that it is busy', (event) => event.type === 'refused' && event.code === 'phone.busy');
});

test('a transcription that is started on a call sends each participant’s words on a socket of its own', async (context) => {
  const { stack, phone, call, heard } = await connect(context, 'mixed');
  const { application } = stack;
  await call.getCallMedia().startTranscription({ operationContext: 'tr' });
  const started = await application.event('TranscriptionStarted');
  assert.equal(started.data.operationContext, 'tr');
  const words = await application.media.first('the words’ socket', (peer) =>
    peer.frames.entries.some(({ kind }) => kind === 'transcript-metadata'),
  );
  assert.match(String(words.headers.authorization), /^Bearer /);
  while ((heard[0]?.bytes ?? 0) < 3 * FRAME_BYTES) await sleep(10);
  await join(stack, phone);
  while (heard.length < 2 || heard.some(({ bytes }) => bytes === 0)) await sleep(10);
  heard[0]?.listener.onPartial('where is', { startMs: 100, endMs: 600 });
  heard[0]?.listener.onPhrase('Where is order ten forty two?', 0.75, { startMs: 100, endMs: 1300 });
  heard[1]?.listener.onPhrase(undefined, 0, { startMs: 0, endMs: 500 });
  heard[1]?.listener.onPhrase('On Friday.', 0.5, { startMs: 0, endMs: 500 });
  await words.frames.first(
    'the last words',
    (frame) => frame.kind === 'transcript' && frame.phrase.text === 'On Friday.',
  );
  const phrases = words.frames.entries.flatMap((frame) => (frame.kind === 'transcript' ? [frame.phrase] : []));
  assert.deepEqual(
    phrases.map(({ text, final, participant, confidence }) => [text, final, participant, confidence]),
    [
      ['where is', false, `4:${CALLER}`, 0],
      ['Where is order 1042?', true, `4:${CALLER}`, 0.75],
      ['On Friday.', true, `4:${SECOND}`, 0.5],
    ],
  );
  const [, question, answer] = phrases;
  assert.equal(question?.offsetMs, 100);
  assert.deepEqual(
    question?.words.map(({ text }) => text),
    ['Where', 'is', 'order', '1042'],
  );
  assert.ok((answer?.offsetMs ?? 0) > 0, 'whoever joined later is counted from the start of the transcription');
  await call.hangUp(true);
  await application.event('TranscriptionStopped');
  assert.equal(await words.closed, 1000);
});

test('a transcription’s socket that breaks is told of as a failure, and may be started again', async (context) => {
  const { stack, call } = await connect(context, 'mixed');
  const media = call.getCallMedia();
  await media.startTranscription();
  await stack.application.event('TranscriptionStarted');
  await assert.rejects(media.startTranscription(), { statusCode: 400 });
  const words = stack.application.media.entries.at(-1);
  words?.socket.terminate();
  await stack.application.event('TranscriptionFailed');
  await assert.rejects(media.startTranscription({ locale: 'de-DE' }), { statusCode: 400 });
  await media.startTranscription();
});
