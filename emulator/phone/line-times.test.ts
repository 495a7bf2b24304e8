import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { CallerAnswers } from './caller-answers.ts';
import type { CallRecord, TranscriptLine } from './caller-requests.ts';
import { CallerTranscript } from './caller-transcript.ts';
import { datedEvents, lineTimes } from './line-times.ts';

const START = Date.parse('2026-11-30T01:00:00Z');
const at = (ms: number) => new Date(START + ms).toISOString();
const latency = (turn: number, atMs: number) => ({
  type: 'turn.latency',
  at: at(atMs),
  data: { turn, wordsMs: 200, recognisedMs: 300, firstTokenMs: 7_300, firstVoiceMs: 7_500, firstAudioMs: 7_600 },
});
const said = (turn: number, text: string, endMs: number, durationMs: number) => ({
  type: 'agent.said',
  at: at(endMs),
  data: { turn, text, fullText: text, interrupted: false, durationMs },
});
const agent = (text: string): TranscriptLine => ({ role: 'agent', text, heard: true });

/** A greeting, and a question whose wait was filled twice before a tool gave its answer; then something to a human. */
const record: CallRecord = {
  ...{ session_id: 's', agent: 'desk', mode: 'media' },
  events: [
    said(1, 'Hello.', 1_500, 1_000),
    { type: 'wait.filled', at: at(6_000), data: { turn: 2, kind: 'filler', text: 'One moment.' } },
    { type: 'wait.filled', at: at(9_000), data: { turn: 2, kind: 'explanation', text: 'It takes longer.' } },
    { type: 'tool.started', at: at(10_000), data: { turn: 2, callId: 'c', name: 'look', args: {} } },
    { type: 'tool.ended', at: at(10_100), data: { callId: 'c', name: 'look' } },
    { type: 'caller.said', at: at(10_000), data: { turn: 2, text: 'Where is it?' } },
    latency(2, 12_000),
    said(2, 'On its way. Anything else?', 15_000, 3_000),
    said(3, 'Ann, about a bill.', 21_000, 2_000),
  ],
  transcript: [
    agent('Hello.'),
    { role: 'caller', text: 'Where is it?' },
    { role: 'tool', tool: 'look', args: {}, result: {} },
    agent('On its way. Anything else?'),
    { role: 'tool', tool: 'transfer_call', args: {}, result: { status: 'human_answered' }, by: 'service' },
    { role: 'agent', text: 'Ann, about a bill.', heard: true, to: 'human' },
  ],
};

test('each line has its own time, and not that of the answer (stranger17 4)', () => {
  const times = lineTimes(record.transcript, datedEvents(record.events, START));
  assert.deepEqual(times, [500, 4_600, 10_000, 12_000, 19_000, 19_000]);
  assert.deepEqual(lineTimes(record.transcript, []), Array(6).fill(undefined));
});

test('what has come of a transfer is told when the agent speaks of it, and not before it was asked for (stranger16: failed before transfer_call)', async () => {
  const { events, transcript } = record;
  const unsaid = { ...record, events: events.slice(0, -1), transcript: transcript.slice(0, -1) };
  const reader = (read: CallRecord) =>
    new CallerTranscript({ clock: new VirtualClock(), read: async () => read, startWallMs: () => START });
  const early = reader(unsaid);
  early.heard('greeting', 540);
  assert.equal((await early.readNow())?.lines.at(-1)?.atMs, undefined, 'it is told of now');
  const late = reader(record);
  late.heard('greeting', 540);
  assert.equal((await late.readNow())?.lines.at(-2)?.atMs, 19_000);
});

test('words that are said twice are two events, and two lines of one turn one', () => {
  const lines = [agent('Are you there?'), agent('Are you there?'), agent('Well.'), agent('Goodbye.')];
  const events = datedEvents(
    [
      said(1, 'Are you there?', 2_000, 1_000),
      said(2, 'Are you there?', 9_000, 1_000),
      said(3, 'Well. Goodbye.', 12_000, 500),
    ],
    START,
  );
  assert.deepEqual(lineTimes(lines, events), [1_000, 8_000, 11_500, 11_500]);
});

test('"answered after" is the answer, and beside it stands the first sound of what filled the wait (stranger17 4)', async () => {
  const transcript = new CallerTranscript({
    clock: new VirtualClock(),
    read: async () => record,
    startWallMs: () => START,
  });
  transcript.heard('greeting', 540);
  transcript.heard('answer', 6_030);
  const turn = await transcript.readNow();
  assert.deepEqual(
    turn?.lines.map(({ atMs }) => atMs),
    [540, 4_600, 10_000, 12_000, 19_000, 19_000],
  );
  assert.deepEqual(
    turn.fillings.map(({ atMs }) => atMs),
    [6_000, 9_000],
  );
  const answers = new CallerAnswers();
  answers.heard({ label: 'Where is it?', atMs: 6_030, latencyMs: 1_630, toKeys: false });
  const [judged] = answers.judge(turn);
  assert.ok(judged?.event === 'answer');
  assert.deepEqual([judged.atMs, judged.latencyMs, judged.firstSoundMs], [12_000, 7_600, 1_630]);
  assert.deepEqual(judged.tools, ['look'], 'what the service told the agent is no tool of its');
  answers.heard({ label: '1234#', atMs: 6_030, latencyMs: 20, toKeys: true });
  const [toKeys] = answers.judge(turn);
  assert.ok(toKeys?.event === 'answer' && toKeys.stages === undefined, 'stages since the last speech (stranger16)');
  answers.heard({ label: 'And?', atMs: 6_030, latencyMs: 20, toKeys: false });
  const [missed] = answers.judge({ ...turn, apologised: true });
  assert.deepEqual([missed?.event, missed?.atMs], ['missed', 19_000], 'not before what it quotes (stranger16)');
});
