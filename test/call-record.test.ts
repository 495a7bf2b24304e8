import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { parseWav } from '../shared/audio/wav.ts';
import { recordFolder } from '../shared/records/record-folder.ts';
import type { RunningStack } from './testing/running-stack.ts';
import { leaveSharedStack, sharedRecords, sharedStack } from './testing/shared-stack.ts';

/**
 * A call from its first sound to its erasure: its record against what the services of the emulator counted by themselves,
 * and then every place where something of it may be left.
 */

const CALLER = '+15551239871';
/** The agent looks it up: in no other call of this stack. */
const ORDER = 'order 2077';
const QUESTION = `What is the status of ${ORDER}?`;

interface Counts {
  readonly chat: { requests: number; brokenOff: number; inputTokens: number; outputTokens: number };
  readonly recognition: { audioMs: number };
  readonly synthesis: { requests: number; characters: number; audioMs: number };
  readonly realtime: Readonly<
    Record<'responses' | 'inputTokens' | 'outputTokens' | 'inputAudioTokens' | 'outputAudioTokens', number>
  >;
}

// One after the other: the services count what all calls use.
suite('the record of a call', { concurrency: 1 }, () => {
  let stack: RunningStack;
  let records = '';
  /** The session of the first call. */
  let id = '';

  before(async () => {
    stack = await sharedStack({});
    records = await sharedRecords();
    // What agents say by themselves is synthesised once, and is no call's.
    await stack.logged(/the phrases of the agents are ready/);
  });

  after(leaveSharedStack);

  const counted = async (): Promise<Counts> =>
    (await stack.getJson(`${stack.emulatorUrl}/emulator/status`)).usage as Counts;

  // biome-ignore lint/suspicious/noExplicitAny: lines of many shapes, each asserted where it is read
  type Line = any;

  test('adds up: tokens, seconds, characters and money are what the services counted', async (t) => {
    const before = await counted();
    const { exitCode, events, problems } = await stack.call('--number', CALLER, '--say', QUESTION);
    assert.equal(exitCode, 0, problems);
    id = await sessionOf(events);
    const lines = await endedRecord(id);
    const after = await counted();
    const end: Line = lines.at(-1);
    const of = (service: string): Line => end.totals.find((total: Line) => total.service === service) ?? {};

    const chat = of('chat-model');
    assert.equal(chat.used.requests, after.chat.requests - before.chat.requests);
    assert.equal(chat.unknown?.input_tokens ?? 0, after.chat.brokenOff - before.chat.brokenOff);
    assert.equal(chat.used.input_tokens, after.chat.inputTokens - before.chat.inputTokens);
    assert.equal(chat.used.output_tokens, after.chat.outputTokens - before.chat.outputTokens);
    const spoken = of('speech-synthesis');
    assert.equal(spoken.used.requests, after.synthesis.requests - before.synthesis.requests);
    assert.equal(spoken.used.characters, after.synthesis.characters - before.synthesis.characters);
    near(spoken.used.audio_seconds, (after.synthesis.audioMs - before.synthesis.audioMs) / 1000, 0.01);
    // What was on the way when the line was closed was sent, and never read.
    near(
      of('speech-recognition').used.audio_seconds,
      (after.recognition.audioMs - before.recognition.audioMs) / 1000,
      0.5,
    );

    const money =
      (chat.used.input_tokens * 0.75 + chat.used.output_tokens * 4.5 + spoken.used.characters * 15) / 1e6 +
      of('speech-recognition').used.audio_seconds / 3600 +
      (of('line').used.line_seconds / 60) * 0.004;
    near(end.cost.at_least, money, 1e-6);
    assert.equal(end.cost.total, chat.unknown === undefined ? end.cost.at_least : null);
    const sum = lines.reduce(
      (tokens, line) => tokens + (line.line === 'usage' ? (line.used.output_tokens ?? 0) : 0),
      0,
    );
    assert.equal(sum, chat.used.output_tokens, 'the lines of usage add up to the totals');
    t.diagnostic(JSON.stringify({ totals: end.totals, cost: end.cost.total, at_least: end.cost.at_least }));
  });

  test('has who spoke, with which versions, every word of both, the tool, and the sound of both in time', async () => {
    const lines = await endedRecord(id);
    const [head] = lines as [Line];
    assert.deepEqual([head.line, head.agent, head.mode, head.direction], ['head', 'orders', 'media', 'inbound']);
    assert.match(head.agent_version, /^[0-9a-f]{64}$/);
    assert.match(head.parley_version, /^\d/);
    assert.equal(head.from, `+${'*'.repeat(9)}71`, 'numbers are masked');
    const events = (name: string): Line[] => lines.filter((line) => line.event === name);
    assert.match(events('callerFinal')[0]?.text ?? '', /status of order/i);
    assert.ok(events('toolEnded').some((line) => line.name === 'look_up_order'));
    assert.ok(events('agentSpoke').length >= 2);
    assert.ok(events('acs.CallConnected').length > 0, 'what the functions were told is in it, too');
    assert.ok(lines.every((line, at) => at === 0 || typeof line.at_ms === 'number'));

    const wav = parseWav(await readFile(path.join(records, recordFolder(id), 'audio.wav')));
    const [caller, agent] = wav.channels;
    assert.ok(caller && agent);
    const lineMs = (lines.at(-1) as Line).line_ms;
    near((caller.length / wav.sampleRate) * 1000, lineMs, 700);
    // The agent's words by its own account, and where they stand in the sound.
    const began = (lines.find((line) => line.event === 'audioBegan') as Line).at_ms;
    const asked = events('callerFinal')[0]?.at_ms - began;
    assert.ok(loud(caller, wav.sampleRate, 0, asked) > 0.02, 'the caller is heard before the words are known');
    assert.ok(loud(agent, wav.sampleRate, 0, 3_000) > 0.02, 'the greeting is heard');
  });

  test('is read by the API, and erased everywhere: no byte of it in Redis or on the disk', async () => {
    const lines = await endedRecord(id);
    assert.equal(String((lines[0] as Line).session_id), id);
    const read = await fetch(`${stack.functionsUrl}/api/v1/calls/${id}/record`);
    assert.equal(read.status, 200);
    assert.equal((await read.text()).trimEnd().split('\n').length, lines.length);

    const redis = new Redis(stack.redisUrl);
    try {
      const marks = [CALLER.slice(1), ORDER];
      const found = async () => {
        const places = [...(await dump(redis)), await filesUnder(records)];
        return marks.flatMap((mark) => places.filter((text) => text.toLowerCase().includes(mark)));
      };
      assert.ok((await found()).length > 3, 'both are there before');
      // The host lets go of it a moment after its last words.
      let answer = await erase(id);
      for (let tries = 0; tries < 50 && answer.status === 409; tries++) {
        await sleep(200);
        answer = await erase(id);
      }
      const body = (await answer.json()) as Line;
      assert.equal(answer.status, 200, JSON.stringify(body));
      assert.deepEqual(
        body.files.map((file: Line) => file.name),
        ['record.jsonl', 'audio.wav'],
      );
      assert.deepEqual(await found(), []);
      // What comes late brings nothing back.
      await sleep(3_000);
      assert.deepEqual(await found(), []);
      assert.ok(!(await readdir(records)).includes(recordFolder(id)));
    } finally {
      redis.disconnect();
    }
  });

  test('of a speech-to-speech call adds up, too: the tokens of text and of sound that the service counted', async () => {
    const before = await counted();
    const { exitCode, events, problems } = await stack.call('--mode', 'voice_live', '--say', QUESTION);
    assert.equal(exitCode, 0, problems);
    const lines = await endedRecord(await sessionOf(events));
    const after = await counted();
    const { totals } = lines.at(-1) as Line;
    const realtime = totals.find((total: Line) => total.service === 'realtime');
    const grown = (name: keyof Counts['realtime']) => after.realtime[name] - before.realtime[name];
    const {
      input_tokens,
      cached_input_tokens = 0,
      output_tokens,
      input_audio_tokens,
      output_audio_tokens,
    } = realtime.used;
    // An answer that was under way when the line was closed: nobody was told of it.
    const untold = realtime.unknown?.output_tokens ?? 0;
    assert.equal(realtime.used.requests - untold, grown('responses'));
    assert.equal(input_tokens + cached_input_tokens + input_audio_tokens, grown('inputTokens'));
    assert.equal(output_tokens + output_audio_tokens, grown('outputTokens'));
    assert.deepEqual(
      [input_audio_tokens, output_audio_tokens],
      [grown('inputAudioTokens'), grown('outputAudioTokens')],
    );
    const { cost } = lines.at(-1) as Line;
    assert.equal(cost.total, null, 'a model without a price is not free');
    assert.ok(cost.unknown.some((what: string) => what.startsWith('realtime/')));
  });

  const erase = (id: string) => fetch(`${stack.functionsUrl}/api/v1/calls/${id}`, { method: 'DELETE' });

  async function sessionOf(events: readonly Record<string, unknown>[]): Promise<string> {
    const callId = String(events.find(({ event }) => event === 'connected')?.callConnectionId);
    return String((await stack.getJson(`${stack.functionsUrl}/api/v1/calls/${callId}`)).session_id);
  }

  /** The lines of a record, once it has its end. */
  async function endedRecord(of: string): Promise<Line[]> {
    for (let tries = 0; tries < 300; tries++) {
      const text = await readFile(path.join(records, recordFolder(of), 'record.jsonl'), 'utf8').catch(() => '');
      const lines = text.split('\n').filter((line) => line !== '');
      const parsed: Line[] = text.endsWith('\n') ? lines.map((line) => JSON.parse(line)) : [];
      if (parsed.at(-1)?.line === 'end') return parsed;
      await sleep(100);
    }
    throw new Error('The record of the call was never ended.');
  }
});

function near(actual: number, expected: number, within: number): void {
  assert.ok(Math.abs(actual - expected) <= within, `${actual} is not within ${within} of ${expected}`);
}

/** The loudest 20 ms of a stretch, from 0 to 1. */
function loud(samples: Int16Array, rateHz: number, fromMs: number, toMs: number): number {
  const frame = rateHz / 50;
  let loudest = 0;
  for (let at = Math.max(0, (fromMs * rateHz) / 1000); at + frame < (toMs * rateHz) / 1000; at += frame) {
    let sum = 0;
    for (let i = 0; i < frame; i++) sum += ((samples[Math.floor(at) + i] ?? 0) / 32_768) ** 2;
    loudest = Math.max(loudest, Math.sqrt(sum / frame));
  }
  return loudest;
}

/** Every key of a Redis with its value. */
async function dump(redis: Redis): Promise<string[]> {
  const all: string[] = [];
  for (const key of await redis.keys('*')) {
    const read: Record<string, () => Promise<unknown>> = {
      string: () => redis.get(key),
      hash: () => redis.hgetall(key),
      list: () => redis.lrange(key, 0, -1),
      zset: () => redis.zrange(key, '0', '-1'),
      set: () => redis.smembers(key),
      stream: () => redis.xrange(key, '-', '+'),
    };
    all.push(JSON.stringify([key, await read[await redis.type(key)]?.()]));
  }
  return all;
}

async function filesUnder(folder: string): Promise<string> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((name) => name.isFile()).map((name) => path.join(name.parentPath, name.name));
  return (await Promise.all(files.map((file) => readFile(file, 'latin1')))).join('\n');
}
