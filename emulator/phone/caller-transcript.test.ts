import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../shared/virtual-clock.ts';
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
