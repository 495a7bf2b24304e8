import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import type { CallRecord } from './caller-requests.ts';
import { CallerTranscript } from './caller-transcript.ts';

test('a greeting that could not be read before is not taken for the answer (functions that were away)', async () => {
  const clock = new VirtualClock();
  const greeting = { role: 'agent', text: 'Hello.', heard: true } as const;
  const turn = [
    { role: 'caller', text: 'Are you open?' },
    { role: 'agent', text: 'We are.', heard: true },
  ] as const;
  const transcript = new CallerTranscript({
    clock,
    startWallMs: () => 0,
    read: async () => ({
      ...{ session_id: 's', agent: 'desk', mode: 'media', events: [] },
      transcript: [greeting, ...(clock.now() < 500 ? [] : turn)],
    }),
  });
  transcript.heard('greeting', 0);
  transcript.heard('answer', 100);
  const reading = transcript.readOn(() => false);
  await clock.advance(2_000);
  const read = await reading;
  assert.equal(read?.understood, true);
  assert.equal(read?.lines.length, 3);
});

test('nothing is said before the call, and a tool is told behind the words that it was for (stranger: -0:00.1, out of order)', async () => {
  const at = (ms: number) => new Date(100_000 + ms).toISOString();
  const said = { turn: 1, text: 'Hello.', durationMs: 900 };
  const transcript = new CallerTranscript({
    clock: new VirtualClock(),
    startWallMs: () => 100_000,
    read: async () => ({
      ...{ session_id: 's', agent: 'desk', mode: 'media' },
      events: [
        { type: 'agent.said', at: at(800), data: said },
        { type: 'tool.started', at: at(4_800), data: { turn: 2, callId: 'c', name: 'look', args: {} } },
        { type: 'caller.said', at: at(5_000), data: { turn: 2, text: 'Are you open?' } },
      ],
      transcript: [
        { role: 'agent', text: 'Hello.', heard: true },
        { role: 'caller', text: 'Are you open?' },
        { role: 'tool', tool: 'look', args: {}, result: {} },
      ],
    }),
  });
  const read = await transcript.readNow();
  assert.deepEqual(
    read?.lines.map(({ atMs }) => atMs),
    [0, 5_000, 5_000],
  );
});

test('what Redis has lost of a call takes nothing from what comes then: each line keeps its own time (breaker18 6: a wrong one after FLUSHALL)', async () => {
  const at = (ms: number) => new Date(100_000 + ms).toISOString();
  const asked = (turn: number, ms: number) => [
    { type: 'caller.said', at: at(ms), data: { turn, text: 'Are you open?' } },
    { type: 'turn.latency', at: at(ms + 500), data: { turn, wordsMs: 400, firstAudioMs: 900 } },
    { type: 'agent.said', at: at(ms + 1_500), data: { turn, text: 'We are.', durationMs: 1_000 } },
  ];
  const told = [
    { role: 'caller', text: 'Are you open?' },
    { role: 'agent', text: 'We are.', heard: true },
  ] as const;
  let record: Pick<CallRecord, 'events' | 'transcript'> = { events: asked(1, 5_000), transcript: [...told] };
  const transcript = new CallerTranscript({
    clock: new VirtualClock(),
    startWallMs: () => 100_000,
    read: async () => ({ ...{ session_id: 's', agent: 'desk', mode: 'media' }, ...record }),
  });
  const read = async () => {
    const turn = (await transcript.readNow()) ?? assert.fail('nobody can tell');
    transcript.told(turn);
    return [turn.lines.map(({ atMs }) => atMs), turn.answerMs];
  };
  assert.deepEqual(await read(), [[5_000, 5_500], 5_500]);
  const events = [{ type: 'session.restored', at: at(6_000), data: {} }, ...asked(2, 9_000)];
  record = { events, transcript: [...told, ...told] };
  assert.deepEqual(await read(), [[9_000, 9_500], 9_500]);
  record = { events: [...events, ...asked(3, 12_000)], transcript: [...told, ...told, ...told] };
  assert.deepEqual(await read(), [[12_000, 12_500], 12_500]);
});
