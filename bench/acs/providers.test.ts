import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pino } from 'pino';
import { bytesOf, FRAME_BYTES, samplesOf } from '../../shared/audio/pcm.ts';
import { systemClock } from '../../shared/clock.ts';
import { onlyProvider } from '../../shared/providers/provider.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { realtimeServiceOf } from '../../stream-host/realtime/realtime-service.ts';
import { openAzureRecogniser } from '../../stream-host/speech/recognition/azure-recogniser.ts';
import { AzureSynthesiser } from '../../stream-host/speech/synthesis/azure-synthesiser.ts';
import { Child } from '../child.ts';
import { readPosition } from '../harness/position-mark.ts';
import { Random } from '../random.ts';
import type { Clip } from './clips.ts';
import type { ProvidersApi } from './providers.ts';

/** The product's own clients, on the real Speech SDK, against the scripted providers as a process. */
const common = { clock: systemClock, log: pino({ level: 'silent' }) };
const TIMING = {
  recognition: { partialMs: 250, finalMs: 600 },
  synthesis: { firstAudioMs: 20, pieceMs: 2 },
  chat: { firstTokenMs: 20, tokenMs: 1 },
  realtime: { lateMs: 300, silenceMs: 200, answerMs: 50, pieceMs: 20 },
};

function sound(name: string, frames: number): Uint8Array {
  const random = new Random(name);
  return bytesOf(Int16Array.from({ length: (frames * FRAME_BYTES) / 2 }, () => random.whole(-3000, 3000)));
}

const words = (text: string, ...endsMs: number[]) =>
  text.split(' ').map((word, at) => ({ text: word, endMs: endsMs[at] ?? 0 }));
const CLIPS: readonly Clip[] = [
  { kind: 'turn', text: 'Where is it?', words: words('Where is it?', 300, 500, 700), pcm: sound('one', 50) },
  { kind: 'interruption', text: 'Wait, please.', words: words('Wait, please.', 400, 900), pcm: sound('two', 50) },
];
const AGENT = { text: 'x'.repeat(100), samples: samplesOf(sound('agent', 325)) };

let folder = '';
let providers: Child<ProvidersApi>;
let host = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'providers-'));
  const logFile = join(folder, 'providers.log');
  providers = new Child({ name: 'providers', args: ['bench/acs/providers.ts'], logFile });
  host = `127.0.0.1:${await providers.call('start', { callers: CLIPS, agent: AGENT }, '{"keys":[]}', TIMING)}`;
});

after(async () => {
  await providers.close();
  await rm(folder, { recursive: true });
});

test('the product hears the clips that are in the sound, when they are', async () => {
  const heard: string[] = [];
  const finals: [string, number, number][] = [];
  const services = onlyProvider('bench', { host: `ws://${host}`, proof: 'bench' }, systemClock);
  const open = openAzureRecogniser({ ...common, services, random: () => 0.5, language: 'en-US' });
  const recogniser = open({
    onPartial: (text) => heard.push(text),
    onFinal: (text, offsetMs, endMs) => finals.push([text, offsetMs, endMs]),
    onNoWords: () => assert.fail('no words'),
    onState: () => {},
  });
  const silence = new Uint8Array(50 * FRAME_BYTES);
  for (const piece of [silence, sound('one', 50), silence, sound('two', 50), silence, silence]) {
    for (let at = 0; at < piece.length; at += FRAME_BYTES) recogniser.write(piece.subarray(at, at + FRAME_BYTES));
  }
  try {
    await eventually(() => finals.length === 2);
  } finally {
    recogniser.close();
  }
  assert.deepEqual(finals, [
    ['Where is it?', 1000, 1700],
    ['Wait, please.', 3000, 3900],
  ]);
  assert.deepEqual(heard, ['where', 'where is', 'where is it', 'wait', 'wait please']);
});

test('the product gets marked speech as long as the text, with its words; an answer’s texts follow each other', async () => {
  const service = { host: `ws://${host}`, proof: 'bench' };
  const synthesiser = new AzureSynthesiser({ ...common, service, warm: 1, max: 1 });
  const texts = [
    { text: "With answer 12 you've learnt it.", turn: 12, fromMs: 0 },
    { text: 'At last answer 12 ends.', turn: 12, fromMs: 2080 },
    { text: 'Hello, this is the order desk.', turn: 0, fromMs: 0 },
  ];
  for (const { text, turn, fromMs } of texts) {
    const audio: Uint8Array[] = [];
    const starts: number[] = [];
    for await (const piece of synthesiser.speak(text, 'en-US-AvaMultilingualNeural', new AbortController().signal)) {
      if (piece.type === 'audio') audio.push(piece.pcm);
      else starts.push(piece.startMs);
    }
    const pcm = Buffer.concat(audio);
    assert.ok(Math.abs(pcm.length / 32 - text.length * 65) <= 20, `${pcm.length / 32} ms`);
    assert.deepEqual([starts[0], starts.length], [0, text.split(' ').length]);
    for (let at = 0; at < pcm.length; at += FRAME_BYTES) {
      const samples = samplesOf(Uint8Array.from(pcm.subarray(at, at + FRAME_BYTES)));
      assert.deepEqual(readPosition(samples), { turn, ms: fromMs + at / 32 });
    }
  }
  synthesiser.close();
});

test('chat completions are streamed, and each answer names itself in every clause', async () => {
  const response = await fetch(`http://${host}/openai/v1/chat/completions`, { method: 'POST', body: '{}' });
  const events = (await response.text()).trim().split('\n\n');
  assert.equal(events.at(-1), 'data: [DONE]');
  const text = events
    .slice(0, -1)
    .map((event) => JSON.parse(event.slice('data: '.length)).choices[0].delta.content ?? '')
    .join('');
  assert.equal(text.match(/answer 1\b/g)?.length, 4);
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
});

test('the product’s realtime session hears a caller, is answered with marked speech, and cuts in at once', async () => {
  const service = realtimeServiceOf(
    {
      AZURE_VOICE_LIVE_ENDPOINT: `http://${host}`,
      AZURE_VOICE_LIVE_MODEL: 'bench',
      AZURE_VOICE_LIVE_API_KEY: 'bench',
      AZURE_VOICE_LIVE_API_VERSION: '2026-07-15',
    },
    { ...common, newId: randomUUID, token: async () => '', secretOf: () => undefined },
  );
  assert.ok(service);
  const told: string[] = [];
  const positions: ReturnType<typeof readPosition>[] = [];
  const ended: string[] = [];
  const quiet = () => {};
  const session = service.open(
    {
      ...{ log: common.log, rateHz: 16_000, createResponse: true, interruptResponse: false },
      brief: { instructions: 'Answer.', locale: 'en-US', voice: 'en-US-AvaNeural', tools: [], settings: {} },
    },
    {
      ...{ onReady: quiet, onResponseStarted: quiet, onText: quiet, onToolRequest: quiet, onServiceTool: quiet },
      onSpeechStarted(_item, audioMs) {
        told.push(`begins at ${audioMs}`);
        session.cancel();
      },
      onSpeechStopped: (_item, audioMs) => told.push(`ends at ${audioMs}`),
      onCommitted: () => told.push('committed'),
      onCallerWords: (_item, text, isFinal) => isFinal && told.push(text),
      onCallerWordsFailed: () => assert.fail('no words'),
      onAudio: (_response, _item, pcm) => positions.push(readPosition(samplesOf(Uint8Array.from(pcm)))),
      onResponseEnded: (_response, status) => ended.push(status),
      onResponseDropped: () => assert.fail('refused'),
      onWarning: ({ code }) => assert.fail(code),
      onProblem: ({ code }) => assert.fail(code),
      onClosed: (error) => assert.fail(error.message),
    },
  );
  const silence = new Uint8Array(50 * FRAME_BYTES);
  for (const piece of [silence, sound('one', 50), silence]) session.audio(piece);
  await eventually(() => positions.length >= 2);
  session.audio(sound('two', 50));
  await eventually(() => ended.length > 0);
  session.close();
  assert.deepEqual(told, ['begins at 700', 'ends at 1920', 'committed', 'Where is it?', 'begins at 2700']);
  assert.deepEqual(positions[1], { turn: positions[0]?.turn, ms: 100 });
  assert.deepEqual(ended, ['cancelled']);
  const { piecesMs, heard, latePieces } = await providers.call('realtimeReport');
  // Whatever was on its way when the caller cut in was sent in time, and is not played.
  assert.ok((piecesMs.get(positions[0]?.turn ?? 0)?.length ?? 0) >= positions.length + latePieces);
  assert.deepEqual(
    heard.map(({ answer, isLate }) => [answer, isLate]),
    [[positions[0]?.turn, false]],
  );
  assert.equal(latePieces, 2);
});

test('what a child throws is thrown where it was called', async () => {
  const phones = new Child<import('./phones.ts').PhonesApi>({ name: 'phones', args: ['bench/acs/phones.ts'] });
  await assert.rejects(phones.call('dial', ['a'], 1), /have not been started/);
  await phones.close();
});
