import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { eventData } from '../../emulator/acs/event-data.ts';
import { agentsEnd, endWord } from '../../shared/calls/end-reasons.ts';
import type { Session } from '../../shared/sessions/session.ts';
import { type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';

let functions: FunctionsUnderTest;
before(async () => {
  functions = await startFunctions();
});
after(() => functions.close());

/** What the API tells of a call whose end ACS has told so. */
async function endedWith(type: string, code: number, subCode: number, message: string, fields: Partial<Session> = {}) {
  const id = randomUUID();
  const callConnectionId = `connection-${id}`;
  await functions.store.create({
    ...{ id, channel: 'phone', direction: 'inbound', mode: 'media', agent: 'orders' },
    ...{ status: type === 'CallDisconnected' ? 'connected' : 'initiating', callConnectionId },
    ...fields,
  } as const);
  const data = { ...eventData(type), callConnectionId, resultInformation: { code, subCode, message } };
  const event = { id: randomUUID(), type: `Microsoft.Communication.${type}`, data };
  const authorization = await functions.acs.authorization();
  await functions.request('POST', `calls/callbacks/${id}`, [event], { authorization });
  const { body } = await functions.request('GET', `calls/${id}`);
  return [body.end_reason, body.end_detail];
}

test('an end that the carrier tells is one of our words, with the carrier’s own beside it (stranger17 8)', async () => {
  const said = 'The conversation has ended. DiagCode: 0#560000.@';
  assert.deepEqual(await endedWith('CallDisconnected', 200, 560_000, said), [
    'caller-ended',
    `CallDisconnected 200/560000 ${said}`,
  ]);
  assert.equal((await endedWith('CallDisconnected', 200, 7015, ''))[0], 'transferred');
  assert.equal((await endedWith('CallDisconnected', 503, 9999, 'New.'))[0], 'carrier-ended');
  assert.equal((await endedWith('CreateCallFailed', 486, 560_486, 'Busy.'))[0], 'busy');
  assert.equal((await endedWith('CreateCallFailed', 480, 560_480, 'No answer.'))[0], 'unanswered');
  assert.equal((await endedWith('CreateCallFailed', 500, 1, 'New.'))[0], 'call-failed');
});

test('what is no word of the one list is not shown as an end', () => {
  const words = [
    'caller-away',
    'acs.refused',
    'socket-closed-1006',
    'CallDisconnected 200/1 Jane hung up',
    'Jane is well',
  ];
  assert.deepEqual(words.map(endWord), ['caller-away', 'acs.refused', 'line-closed', 'carrier-ended', 'other']);
  // A model that says "transferred" has put nobody through.
  assert.deepEqual(['caller-away', 'transferred', 'she is happy'].map(agentsEnd), [
    'caller-away',
    'agent-ended',
    'agent-ended',
  ]);
});

test('a call that a machine has answered ends with voicemail, whether it was left a message or not (closer 8)', () => {
  for (const reason of ['voicemail', 'voicemail-left', 'voicemail-no-tone', 'voicemail-failed'])
    assert.equal(agentsEnd(reason), 'voicemail', reason);
});

test('a number at which nobody can be had ends with unavailable, whoever hangs up (issue 16: read voicemail, or caller-ended)', async () => {
  assert.equal(agentsEnd('unavailable'), 'unavailable');
  const placed = { direction: 'outbound', answeredBy: 'unavailable' } as const;
  assert.equal((await endedWith('CallDisconnected', 200, 560_000, '', placed))[0], 'unavailable');
  const person = { direction: 'outbound', answeredBy: 'human' } as const;
  assert.equal((await endedWith('CallDisconnected', 200, 560_000, '', person))[0], 'caller-ended');
});
