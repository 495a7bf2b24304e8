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
