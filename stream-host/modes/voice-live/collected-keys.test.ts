import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countedIds } from '../../../shared/ids.ts';
import { SessionKeys } from '../../session/session-keys.ts';
import { LiveRig } from './testing/live-rig.ts';

test('a speech-to-speech agent has a PIN entered: the first key silences it, the retry is said, and its service is told the verdict alone', async () => {
  const rig = await new LiveRig().started();
  rig.service.brain = (lines) =>
    lines.at(-1)?.role === 'tool'
      ? [{ say: 'Thank you.' }]
      : [{ say: 'Please enter your PIN now, and take all the time that you need.' }, { tool: 'collect_keys' }];
  const keys = new SessionKeys({
    events: rig.events,
    mode: rig.call,
    attend: (to) => rig.call.attend?.(to),
    agent: {
      keyInput: () => ({
        kind: 'collect-keys',
        name: 'pin',
        least: 4,
        most: 4,
        terminators: '#',
        attempts: 2,
        firstKeyMs: 10_000,
        betweenKeysMs: 4000,
        secret: true,
        retry: 'Please try again.',
        oneOf: ['4711'],
      }),
    },
    clock: rig.clock,
    newId: countedIds(),
  });
  const press = async (row: string) => {
    for (const key of row) {
      keys.press(key, 'line');
      await rig.pass(288);
    }
  };
  await rig.says([0x20]);
  while (rig.acts.length === 0) await rig.pass(96);
  const [action] = rig.acts;
  assert.ok(action && keys.act(action));
  // It is begun before the prompt was heard to its end.
  await press('1234');
  assert.deepEqual(
    rig.of('bargeIn').map(({ by }) => by),
    ['command'],
  );
  await rig.pass(4000);
  await press('4711');
  await rig.pass(5000);
  const said = rig.of('agentSpoke').map(({ heardText }) => heardText);
  assert.deepEqual(said.slice(1), ['Please try again.', 'Thank you.']);
  const results = rig.history.flatMap((item) => (item.role === 'tool' ? [item.result] : []));
  assert.partialDeepStrictEqual(results.at(-1), { status: 'right', attempts: 2 });
  const told = JSON.stringify([rig.history, rig.log]);
  for (const digits of ['4711', '1234', 'callerPressed', '[pressed']) assert.ok(!told.includes(digits), digits);
});
