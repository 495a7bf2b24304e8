import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { ourNumberOf } from '../../shared/calls/parties.ts';
import { type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';

const ACCOUNT = '1c0a8b3e-5d5f-4a4e-9c57-3d1f6f0e2a11';
const OTHER = '2c0a8b3e-5d5f-4a4e-9c57-3d1f6f0e2a22';
const RAW_ID = `28:orgid:${ACCOUNT}`;

let functions: FunctionsUnderTest;
before(async () => {
  functions = await startFunctions({ TEAMS_PHONE_RESOURCE_ACCOUNT_ID: ACCOUNT });
});
after(() => functions.close());
beforeEach(async () => {
  functions.acs.nextTest();
  await functions.announce({ sessions: 0, maxSessions: 100 });
});

const caller = { kind: 'phoneNumber', rawId: '4:+15557777', phoneNumber: { value: '+15557777' } };
const account = { kind: 'microsoftTeamsApp', rawId: RAW_ID, microsoftTeamsApp: { appId: ACCOUNT, cloud: 'public' } };
const identity = { kind: 'communicationUser', rawId: '8:acs:r_u', communicationUser: { id: '8:acs:r_u' } };

let rung = 0;
const incoming = (ticket: string, data: object) => [
  {
    id: `event-${++rung}`,
    topic: '/subscriptions/x',
    subject: '/caller/x',
    eventType: 'Microsoft.Communication.IncomingCall',
    eventTime: '2026-01-01T00:00:00Z',
    dataVersion: '1.0',
    metadataVersion: '1',
    data: {
      ...{ to: account, from: caller, serverCallId: 's', callerDisplayName: '', incomingCallContext: ticket },
      ...data,
    },
  },
];
const deliver = (body: unknown, deliveryCount = 0) =>
  functions.request('POST', 'calls/answer', body, { 'aeg-delivery-count': String(deliveryCount) });

test('a call to a Teams resource account is answered, and what Teams tells of it is its context', async () => {
  const teamsPhoneCallDetails = {
    teamsPhoneCallerDetails: { caller, name: 'Ann Field', phoneNumber: '+15557777', isAuthenticated: true },
    intent: 'return',
    callTopic: 'a tent',
    callContext: 'She has order 1042.',
    somethingNew: { odd: true },
  };
  const customContext = { sipHeaders: {}, voipHeaders: {}, teamsPhoneCallDetails };
  const { body } = await deliver(incoming('teams-1', { correlationId: 'c-1', customContext }));
  assert.equal(body.status, 'call answered');
  const session = await functions.store.get(body.session_id);
  assert.deepEqual([session?.from, session?.to], ['+15557777', RAW_ID]);
  assert.deepEqual(session?.context, {
    teams: {
      caller: { name: 'Ann Field', phoneNumber: '+15557777', isAuthenticated: true },
      intent: 'return',
      callTopic: 'a tent',
      callContext: 'She has order 1042.',
    },
  });
});

test('odd details of Teams lose no call', async () => {
  for (const [i, odd] of [5, 'x', { intent: 7 }, { callContext: 'x'.repeat(20_000) }, null].entries()) {
    const customContext = { sipHeaders: {}, voipHeaders: {}, teamsPhoneCallDetails: odd };
    const { body } = await deliver(incoming(`odd-${i}`, { correlationId: `odd-${i}`, customContext }));
    assert.equal(body.status, 'call answered');
  }
});

test('two announcements of one call are one answer, whichever comes first and however often', async () => {
  const leg = incoming('leg-1', { correlationId: 'two' });
  const other = incoming('leg-2', { correlationId: 'two', to: identity, onBehalfOfCallee: account });
  const first = await deliver(other);
  assert.equal(first.body.status, 'call answered');
  assert.equal((await functions.store.get(first.body.session_id))?.to, RAW_ID);
  for (const again of [leg, other, leg]) {
    const { status, body } = await deliver(again, 1);
    assert.deepEqual([status, body.status, body.session_id], [200, 'duplicate', first.body.session_id]);
  }
  assert.deepEqual(functions.acs.operations, ['answer']);

  const both = await Promise.all(['a', 'b'].map((ticket) => deliver(incoming(ticket, { correlationId: 'at-once' }))));
  // The one that comes while the other is being answered may be told to come again.
  assert.ok(both.every(({ status }) => status === 200 || status === 502));
  await Promise.all(['a', 'b'].map((ticket) => deliver(incoming(ticket, { correlationId: 'at-once' }), 1)));
  assert.deepEqual(functions.acs.operations, ['answer', 'answer']);
});

test('where the first announcement could not be answered, the second is', async () => {
  functions.acs.failing = { path: ':answer', failure: { status: 400, code: '8523' } };
  assert.equal((await deliver(incoming('bad-leg', { correlationId: 'half' }))).body.status, 'call failed');
  functions.acs.failing = undefined;
  const { body } = await deliver(incoming('good-leg', { correlationId: 'half' }));
  assert.equal(body.status, 'call answered');
});

test('a caller who is transferred back to us has the same correlation id, and is answered again', async () => {
  const { body } = await deliver(incoming('there', { correlationId: 'back' }));
  await functions.store.update(body.session_id, () => ({ status: 'disconnected', endedAt: Date.now() }));
  const again = await deliver(incoming('and-back', { correlationId: 'back' }));
  assert.equal(again.body.status, 'call answered');
  assert.notEqual(again.body.session_id, body.session_id);
});

test('a call is placed from the account that is configured, or from one that the request names', async () => {
  const place = (fields: object) =>
    functions.request('POST', 'calls/initiate', { target_number: '+15550199', ...fields });
  const asked = () => functions.acs.requests.at(-1)?.body;
  const { body } = await place({});
  assert.deepEqual(asked()?.teamsAppSource, { appId: ACCOUNT });
  assert.equal(asked()?.sourceCallerIdNumber, undefined);
  assert.equal((await functions.store.get(body.session_id))?.from, RAW_ID);

  await place({ caller_id: `28:orgid:${OTHER}` });
  assert.deepEqual(asked()?.teamsAppSource, { appId: OTHER });
  await place({ caller_id: '+15550123' });
  assert.equal(asked()?.teamsAppSource, undefined);
  assert.partialDeepStrictEqual(asked(), { sourceCallerIdNumber: { value: '+15550123' } });
  assert.equal((await place({ caller_id: '28:orgid:me' })).status, 400);
});

test('a call of Teams Phone knows a number of ours, by which telephones are called into it, at either half (breaker16c n0)', async () => {
  const { body } = await deliver(incoming('shown', { correlationId: 'shown' }));
  const placed = await functions.request('POST', 'calls/initiate', { target_number: '+15550199' });
  for (const id of [body.session_id, placed.body.session_id]) {
    const session = (await functions.store.get(id)) ?? assert.fail();
    assert.equal(ourNumberOf(session), '+15550100');
  }
});
