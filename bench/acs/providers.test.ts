import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pino } from 'pino';
import { FRAME_BYTES } from '../../shared/audio/pcm.ts';
import { systemClock } from '../../shared/clock.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { openAzureRecogniser } from '../../stream-host/speech/recognition/azure-recogniser.ts';
import { AzureSynthesiser } from '../../stream-host/speech/synthesis/azure-synthesiser.ts';
import { Child } from './child.ts';
import { readMark } from './marker.ts';
import type { ProvidersReady, ProvidersStart } from './messages.ts';
import { randomOf } from './random.ts';

/** The product's own clients, on the real Speech SDK, against the scripted providers as a process. */
const common = { clock: systemClock, log: pino({ level: 'silent' }) };
const TIMING = {
  recognition: { partialMs: 250, finalMs: 600 },
  synthesis: { firstAudioMs: 20, chunkMs: 100, speed: 40 },
  chat: { firstTokenMs: 20, tokenMs: 1 },
};

function sound(seed: number, frames: number): Buffer {
  const random = randomOf(seed);
  return Buffer.from(Uint8Array.from({ length: frames * FRAME_BYTES }, () => Math.floor(random() * 256)));
}

const CLIPS = [
  {
    kind: 'turn',
    text: 'Where is it?',
    words: [
      { text: 'Where', endMs: 300 },
      { text: 'is', endMs: 500 },
      { text: 'it?', endMs: 700 },
    ],
  },
  {
    kind: 'interruption',
    text: 'Wait, please.',
    words: [
      { text: 'Wait,', endMs: 400 },
      { text: 'please.', endMs: 900 },
    ],
  },
] as const;

let folder = '';
let providers: Child<ProvidersStart, ProvidersReady>;
let host = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'providers-'));
  await writeFile(
    join(folder, 'clips.json'),
    JSON.stringify(CLIPS.map((clip, at) => ({ ...clip, file: `${at}.pcm` }))),
  );
  for (const at of CLIPS.keys()) await writeFile(join(folder, `${at}.pcm`), sound(at + 1, 50));
  await writeFile(join(folder, 'agent.pcm'), sound(9, 33));
  providers = new Child({ script: 'bench/acs/providers.ts', logFile: join(folder, 'providers.log') });
  const { port } = await providers.ask({ folder, jwks: '{"keys":[]}', ...TIMING }, 'ready');
  host = `127.0.0.1:${port}`;
});

after(async () => {
  await providers.close();
  await rm(folder, { recursive: true });
});

test('the product hears the clips that are in the sound, when they are', async () => {
  const heard: string[] = [];
  const finals: [string, number, number][] = [];
  const open = openAzureRecogniser({
    ...common,
    service: { host: `ws://${host}`, key: 'bench' },
    random: () => 0.5,
    language: 'en-US',
  });
  const recogniser = open({
    onPartial: (text) => heard.push(text),
    onFinal: (text, offsetMs, endMs) => finals.push([text, offsetMs, endMs]),
    onNoWords: () => assert.fail('no words'),
    onState: () => {},
  });
  const silence = new Uint8Array(50 * FRAME_BYTES);
  for (const piece of [silence, sound(1, 50), silence, sound(2, 50), silence, silence]) {
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

test('the product gets marked speech as long as the text, with its words, again and again on one connection', async () => {
  const synthesiser = new AzureSynthesiser({
    ...common,
    service: { host: `ws://${host}`, key: 'bench' },
    warm: 1,
    max: 1,
  });
  const agent = sound(9, 33);
  for (const [text, answer] of [
    ["With answer 12 you've learnt it.", 12],
    ['Hello, this is the order desk.', 0],
  ] as const) {
    const audio: Uint8Array[] = [];
    const words: [string, number][] = [];
    for await (const piece of synthesiser.speak(text, 'en-US-AvaMultilingualNeural', new AbortController().signal)) {
      if (piece.type === 'audio') audio.push(piece.pcm);
      else words.push([piece.text, piece.startMs]);
    }
    const pcm = Buffer.concat(audio);
    assert.equal(pcm.length, Math.ceil((text.length * 65) / 20) * FRAME_BYTES);
    assert.deepEqual(words.at(0)?.[1], 0);
    assert.equal(words.length, text.split(' ').length);
    for (let at = 0; at < pcm.length; at += FRAME_BYTES) {
      const mark = readMark(pcm.subarray(at, at + FRAME_BYTES));
      assert.deepEqual([mark?.answer, mark?.frame], [answer, at / FRAME_BYTES]);
      const from = at % agent.length;
      assert.deepEqual(pcm.subarray(at + 12, at + FRAME_BYTES), agent.subarray(from + 12, from + FRAME_BYTES));
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
