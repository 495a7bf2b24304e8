import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { OperationLedger } from '../../shared/calls/operation-ledger.ts';
import { CommandInbox } from '../../shared/sessions/command-inbox.ts';
import type { Session, SessionCommand } from '../../shared/sessions/session.ts';
import { patientRedis } from '../../shared/sessions/testing/patient-redis.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { withoutIdsAndTimes } from '../../shared/testing/without-ids-and-times.ts';
import { type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';

const CALLER = '+15550001';
let functions: FunctionsUnderTest;
let redis: ReturnType<typeof patientRedis>;
let ledger: OperationLedger;
let inbox: CommandInbox;

before(async () => {
  functions = await startFunctions();
  redis = patientRedis();
  ledger = new OperationLedger(redis, { ttlMs: 60_000, wallMs: () => Date.now() });
  inbox = new CommandInbox(redis);
});
after(async () => {
  inbox.close();
  redis.disconnect();
  await functions.close();
});
beforeEach(() => functions.acs.nextTest());

async function callInProgress(fields: Partial<Session> = {}) {
  const session = await functions.store.create({
    id: randomUUID(),
    channel: 'phone',
    direction: 'inbound',
    mode: 'media',
    agent: 'orders',
    status: 'connected',
    callConnectionId: `connection-${randomUUID()}`,
    from: CALLER,
    to: '+15550100',
    ...fields,
  });
  const commands: SessionCommand[] = [];
  inbox.open(session.id, (command) => commands.push(command));
  return { id: session.id, commands };
}

test('keys are pressed towards the caller, and which they were stands nowhere', async () => {
  const { id } = await callInProgress();
  const { status, body } = await functions.request('POST', `calls/${id}/keys`, { keys: '4711#' });
  assert.equal(status, 202);
  assert.deepEqual(functions.acs.operations, ['sendDtmfTones']);
  assert.partialDeepStrictEqual(functions.acs.requests[0]?.body, {
    tones: ['four', 'seven', 'one', 'one', 'pound'],
    operationContext: body.operation_id,
    targetParticipant: { phoneNumber: { value: CALLER } },
  });
  assert.partialDeepStrictEqual(await ledger.list(id), [
    { operationContext: body.operation_id, kind: 'send-keys', data: { count: 5, askedBy: 'api' } },
  ]);
  assert.ok(!withoutIdsAndTimes(JSON.stringify(await ledger.list(id))).includes('4711'));
});

test('keys that the agent knows how to ask for are collected by whoever talks on the call', async () => {
  const call = await callInProgress();
  const { status, body } = await functions.request('POST', `calls/${call.id}/keys/collect`, { input: 'pin' });
  assert.equal(status, 202);
  await eventually(() => call.commands.length > 0);
  const wish = { kind: 'collect-input', input: 'pin' };
  assert.deepEqual(call.commands, [{ type: 'wish', operationContext: body.operation_id, wish }]);
  assert.partialDeepStrictEqual(await ledger.list(call.id), [{ kind: 'collect-keys', state: 'asked' }]);
});

test('so are keys that the request describes', async () => {
  const call = await callInProgress();
  const wanted = { count: 4, attempts: 2, prompt: 'Your code, please.', retry_prompt: 'Again, please.', secret: true };
  const { status } = await functions.request('POST', `calls/${call.id}/keys/collect`, wanted);
  assert.equal(status, 202);
  await eventually(() => call.commands.length > 0);
  assert.partialDeepStrictEqual(call.commands, [
    {
      type: 'wish',
      wish: {
        kind: 'collect-keys',
        name: 'keys',
        least: 1,
        most: 4,
        terminators: '#',
        attempts: 2,
        firstKeyMs: 10_000,
        betweenKeysMs: 4000,
        secret: true,
        prompt: 'Your code, please.',
        retry: 'Again, please.',
      },
    },
  ]);
});

for (const [what, route, body] of [
  ['no keys', 'keys', { keys: '' }],
  ['what is no key', 'keys', { keys: 'hello' }],
  ['neither an input nor a count', 'keys/collect', {}],
  ['both', 'keys/collect', { input: 'pin', count: 4 }],
  ['another attempt without words before it', 'keys/collect', { count: 4, attempts: 2 }],
  ['more at least than at most', 'keys/collect', { count: 4, least: 5 }],
] as const) {
  test(`${what} is refused`, async () => {
    const { id } = await callInProgress();
    assert.equal((await functions.request('POST', `calls/${id}/${route}`, body)).status, 400);
    assert.deepEqual(functions.acs.requests, []);
  });
}

for (const [route, body] of [
  ['keys', { keys: '1' }],
  ['keys/collect', { count: 1 }],
] as const) {
  test(`POST calls/{id}/${route} wants a phone call that stands`, async () => {
    const code = async (id: string) => (await functions.request('POST', `calls/${id}/${route}`, body)).body.error.code;
    assert.equal(await code(randomUUID()), 'calls.not-found');
    assert.equal(await code((await callInProgress({ channel: 'browser' })).id), 'calls.no-phone-call');
    assert.equal(await code((await callInProgress({ status: 'disconnected' })).id), 'call.ended');
    assert.equal(await code((await callInProgress({ status: 'ringing' })).id), 'calls.not-established');
  });
}

test('keys that were being collected when the call ended are over with it, and with nothing else (breaker 0)', async () => {
  const callConnectionId = `connection-${randomUUID()}`;
  const { id } = await callInProgress({ callConnectionId });
  const wish = { kind: 'collect-input', input: 'pin' } as const;
  const { body } = await functions.request('POST', `calls/${id}/keys/collect`, { input: 'pin' });
  const open = { by: 'api', id: body.operation_id, wish, secret: true, attempts: 2 } as const;
  await functions.store.set(id, { keys: { open } });
  const tell = async (type: string) => {
    const event = {
      id: randomUUID(),
      source: `calling/callConnections/${callConnectionId}`,
      type: `Microsoft.Communication.${type}`,
      data: { callConnectionId, serverCallId: 's', correlationId: 'c', mediaStreamingUpdate: {} },
      time: new Date().toISOString(),
      specversion: '1.0',
    };
    const authorization = await functions.acs.authorization();
    return functions.request('POST', `calls/callbacks/${id}`, [event], { authorization });
  };
  assert.equal((await tell('MediaStreamingFailed')).status, 200);
  assert.equal((await ledger.get(id, body.operation_id))?.state, 'asked');
  assert.equal((await tell('CallDisconnected')).status, 200);
  await eventually(async () => (await ledger.get(id, body.operation_id))?.state === 'failed');
  assert.deepEqual((await ledger.get(id, body.operation_id))?.result, {
    message: 'call_over',
    data: { status: 'call_over', attempts: 2 },
  });
});

test('an input that the agent of the call does not have is refused at once, with those that it has (stranger16: no such input)', async () => {
  const abilities = { orders: { recording: 'none', inputs: ['pin', 'code'] } } as const;
  const load = { sessions: 0, maxSessions: 100, agents: ['orders'], modes: [], abilities };
  await functions.store.hosts.announce('host-1', load, 60_000);
  const { id } = await callInProgress();
  const collect = (input: string) => functions.request('POST', `calls/${id}/keys/collect`, { input });
  const { status, body } = await collect('nix');
  assert.deepEqual([status, body.error.code], [400, 'keys.input-unknown']);
  assert.match(body.error.message, /It has: pin, code;/);
  assert.deepEqual(await ledger.list(id), []);
  assert.equal((await collect('pin')).status, 202);
});
