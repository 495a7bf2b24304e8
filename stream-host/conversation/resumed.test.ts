import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HistoryItem } from '../../shared/sessions/history.ts';
import { Rig, text } from './testing/rig.ts';

test('a resumed conversation gets no greeting, but the answer that it was owed, or an excuse', async () => {
  const history: HistoryItem[] = [{ role: 'caller', text: 'Where is my order?' }];
  const owed = new Rig({ history });
  owed.conversation.start();
  await owed.clock.advance(3000);
  assert.equal(owed.spoken.join(''), 'Sorry, we were cut off for a moment. All right.');

  const excused = new Rig({ history: [...history, { role: 'agent', text: 'On its way.', heard: true }] });
  excused.conversation.start();
  await excused.clock.advance(3000);
  assert.match(excused.spoken.join(''), /^Sorry, we were cut off for a moment\. Could you say that again\?$/);
});

test('a caller whose host was killed hears that we were cut off, before whatever answer comes first, and once (kill -9)', async () => {
  const history: HistoryItem[] = [{ role: 'caller', text: 'Where is my order?' }];
  const EXCUSE = 'Sorry, we were cut off for a moment. ';
  // Its model is slow, too: what was owed comes late, and the wait is filled.
  const slow = new Rig({ history });
  slow.script = () => [6000, text('It is on its way.')];
  slow.conversation.start();
  await slow.clock.advance(12_000);
  assert.deepEqual(slow.spoken, [EXCUSE, 'It is on its way.']);
  assert.ok((slow.of('frame')[0]?.atMs ?? 999) < 200, 'the excuse waits for no model');
  assert.equal(slow.of('waitFilled').length > 0, true);
  assert.deepEqual(slow.of('turnLatency'), []);
  await slow.says('And when does it come?');
  await slow.clock.advance(8000);
  assert.equal(slow.spoken.filter((said) => said === EXCUSE).length, 1);

  // Who speaks before the excuse was heard has still been left in silence.
  const quick = new Rig({ history: [...history, { role: 'agent', text: 'On its way.', heard: true }] });
  quick.synthesisDelayMs = 2000;
  quick.conversation.start();
  await quick.says('Hello? I asked for Friday.');
  await quick.clock.advance(6000);
  assert.deepEqual(quick.spoken.slice(-2), [EXCUSE, 'All right.']);

  // An excuse alone is no answer.
  const empty = new Rig({ history });
  empty.script = () => [];
  empty.conversation.start();
  await empty.clock.advance(8000);
  assert.deepEqual(
    empty.of('fault').map(({ code }) => code),
    ['reply.empty'],
  );
  assert.match(
    empty.of('agentSpoke')[0]?.fullText ?? '',
    /^Sorry, we were cut off for a moment\. {1,2}Sorry, something went wrong/,
  );
});

test('a conversation that was handed over in a pause goes on as if nothing had been: no excuse, and the next answer is as any (issue 17)', async () => {
  const history: HistoryItem[] = [
    { role: 'caller', text: 'Where is my order?' },
    { role: 'agent', text: 'On its way.', heard: true },
  ];
  const rig = new Rig({ history });
  rig.conversation.start(true);
  await rig.clock.advance(1500);
  assert.deepEqual(rig.spoken, []);
  assert.equal(rig.conversation.state, 'listening');
  await rig.says('And when does it come?');
  await rig.clock.advance(4000);
  assert.deepEqual(rig.spoken, ['All right.']);
});

test('what somebody wants said before a conversation that goes on unnoticed has begun is said at its beginning', async () => {
  const rig = new Rig({ history: [{ role: 'agent', text: 'On its way.', heard: true }] });
  const heard: boolean[] = [];
  rig.conversation.told({ speech: { line: 'This call is recorded.' }, onSpoken: (all) => heard.push(all) });
  rig.conversation.start(true);
  await rig.clock.advance(4000);
  assert.deepEqual(rig.spoken, ['This call is recorded.']);
  assert.deepEqual(heard, [true]);
});
