import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { pino } from 'pino';
import type { CallWork } from '../../shared/calls/call-work.ts';
import { UNSURE_LOOK_MS } from '../../shared/calls/early-look.ts';
import { openCalls } from '../../shared/calls/open-calls.ts';
import { OperationLedger, RECONCILE } from '../../shared/calls/operation-ledger.ts';
import { AcsCarrier } from '../../shared/carrier/acs/acs-carrier.ts';
import { systemClock } from '../../shared/clock.ts';
import { NO_CALL } from '../../shared/health/acs-dependencies.ts';
import { randomIds } from '../../shared/ids.ts';
import { CommandInbox } from '../../shared/sessions/command-inbox.ts';
import { sessionKeys } from '../../shared/sessions/keys.ts';
import type { SessionCommand } from '../../shared/sessions/session.ts';
import { patientRedis } from '../../shared/sessions/testing/patient-redis.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { listening } from '../../shared/testing/listening.ts';
import { type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';

/** ACS that nobody reaches, as nobody listens there, or that breaks connections off: what was asked, and what was not. */

const HUMAN = '+15559999';
let port: number;
let open: Server | undefined;
let functions: FunctionsUnderTest;
let redis: ReturnType<typeof patientRedis>;
let ledger: OperationLedger;
let inbox: CommandInbox;

/** ACS listens from now on. */
async function acsIsBack(): Promise<void> {
  open = createServer(async (request, response) => {
    response.setHeader('content-type', 'application/json');
    let text = '';
    for await (const chunk of request) text += chunk;
    const path = new URL(request.url ?? '/', 'http://acs').pathname;
    // What is asked in the background is no part of a test.
    if (path.endsWith(NO_CALL)) return response.writeHead(404).end('{"error":{"code":"8522","message":"to order"}}');
    await functions.acs.answer({ path, body: text === '' ? {} : JSON.parse(text) }, response);
  });
  await new Promise<void>((resolve) => open?.listen(port, '127.0.0.1', resolve));
}

async function acsIsAway(): Promise<void> {
  open?.closeAllConnections();
  await new Promise<void>((resolve) => (open ? open.close(() => resolve()) : resolve()));
  open = undefined;
}

before(async () => {
  const server = createServer();
  port = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  const accesskey = Buffer.from('secret').toString('base64');
  functions = await startFunctions({
    ACS_CONNECTION_STRING: `endpoint=http://127.0.0.1:${port}/;accesskey=${accesskey}`,
  });
  redis = patientRedis();
  ledger = new OperationLedger(redis, { ttlMs: 60_000, wallMs: () => Date.now() });
  inbox = new CommandInbox(redis);
});
after(async () => {
  await acsIsAway();
  inbox.close();
  redis.disconnect();
  await functions.close();
});
beforeEach(async () => {
  await acsIsAway();
  functions.acs.nextTest();
});

async function newCall() {
  const id = randomUUID();
  const callConnectionId = `connection-${id}`;
  await functions.store.create({
    ...{ id, channel: 'phone', direction: 'inbound', mode: 'media', agent: 'orders', status: 'connected' },
    ...{ callConnectionId, from: '+15550001', to: '+15550100' },
  } as const);
  const commands: SessionCommand[] = [];
  inbox.open(id, (command) => commands.push(command));
  const ask = (path: string, body?: object, headers?: Record<string, string>) =>
    functions.request('POST', `calls/${id}/${path}`, body, headers);
  return { id, callConnectionId, commands, ask };
}

/** What a stream host does for calls. */
function hostWork(): CallWork {
  const log = pino({ level: 'silent' });
  const accesskey = Buffer.from('secret').toString('base64');
  const carrier = new AcsCarrier({
    access: { connectionString: `endpoint=http://127.0.0.1:${port}/;accesskey=${accesskey}` },
    ...{ callbackBase: 'http://f', mediaBase: 'ws://m' },
  });
  return openCalls({
    ...{ redis, store: functions.store, carrier, clock: systemClock, newId: randomIds, log },
    ...{ source: 'stream-host', sessionTtlSeconds: 600, maxCallMs: 60_000 },
  }).work;
}

/** Whatever is due of all calls. */
function hostRounds() {
  const work = hostWork();
  return () => work.round(0);
}

test('what ACS was surely never asked for has failed at once, blocks nothing, and is done when it is asked for again (breaker16b 0b)', async () => {
  const { id, ask, commands } = await newCall();
  const key = { 'idempotency-key': `key-${id}` };
  const lost = await ask('transfer', { target: HUMAN }, key);
  assert.deepEqual([lost.status, lost.body.error.code], [503, 'acs.unreachable']);
  for (const [path, body] of [
    ['hold', {}],
    ['participants', { target: '+15557777' }],
  ] as const) {
    assert.equal((await ask(path, body)).status, 503);
  }
  const states = (await ledger.list(id)).map(({ kind, state, result }) => [kind, state, result?.message]);
  assert.deepEqual(states, [
    ['transfer', 'failed', 'acs.unreachable'],
    ['hold', 'failed', 'acs.unreachable'],
    ['add-participant', 'failed', 'acs.unreachable'],
  ]);
  await acsIsBack();
  assert.equal((await ask('transfer', { target: HUMAN }, key)).status, 202);
  assert.deepEqual(functions.acs.operations.slice(1), ['transferToParticipant'], 'first it is asked who is there');
  assert.ok(commands.every(({ type }) => type === 'wish'));
});

test('what ACS may have been asked for is looked after within some seconds, and then blocks nothing more (breaker16b 0b)', async () => {
  const { id, ask } = await newCall();
  await acsIsBack();
  functions.acs.failing = { path: ':transfer', failure: { status: 0, code: '' } };
  assert.equal((await ask('transfer', { target: HUMAN })).status, 503);
  functions.acs.failing = undefined;
  assert.equal((await ask('transfer', { target: HUMAN })).body.error.code, 'calls.transfer-running');
  const [{ operationContext = '' } = {}] = await ledger.list(id);
  const { todo } = sessionKeys(id);
  const [line = ''] = await redis.hmget(todo, RECONCILE + operationContext).then((lines) => lines.map(String));
  assert.ok(Number(line.split(' ')[0]) - Date.now() <= UNSURE_LOOK_MS, 'it is due within some seconds');
  // They have passed.
  await redis.hset(todo, RECONCILE + operationContext, line.replace(/^\d+/, '0'));
  await hostWork().visit(id);
  assert.equal((await ledger.list(id))[0]?.state, 'failed');
  assert.equal((await ask('transfer', { target: HUMAN })).status, 202);
});

test('a hang-up that ACS does not hear is asked for until the call is over, and the agent says nothing more (breaker16b 0b)', async () => {
  const { id, ask, callConnectionId, commands } = await newCall();
  const { status, body } = await ask('hangup');
  assert.deepEqual([status, body.status], [202, 'disconnecting']);
  await eventually(() => commands.length > 0);
  assert.deepEqual(commands, [{ type: 'end', reason: 'hangup-requested' }]);
  assert.equal((await ask('transfer', { target: HUMAN })).body.error.code, 'call.ended');
  const round = hostRounds();
  await new Promise((resolve) => setTimeout(resolve, 300));
  await round();
  assert.equal((await functions.store.get(id))?.status, 'connected');
  await acsIsBack();
  await eventually(async () => {
    await round();
    return functions.acs.ended.includes(callConnectionId);
  });
  assert.equal((await functions.request('POST', 'calls/terminate', { call_id: id })).status, 200);
});

test('a hang-up that was promised, and that ACS refuses then, is asked for until it is taken (left 16-2)', async () => {
  const { id, ask, callConnectionId } = await newCall();
  assert.equal((await ask('hangup')).status, 202);
  await acsIsBack();
  for (const status of [401, 400]) {
    functions.acs.failing = { path: ':terminate', failure: { status, code: 'No' } };
    functions.acs.requests.length = 0;
    const round = hostRounds();
    await eventually(async () => {
      await round();
      return functions.acs.requests.length > 0;
    });
  }
  functions.acs.failing = undefined;
  const round = hostRounds();
  await eventually(async () => {
    await round();
    return functions.acs.ended.includes(callConnectionId);
  });
  assert.equal((await functions.store.get(id))?.endReason, 'hangup-requested');
});

test('a hang-up that ACS refuses leaves the call as it was, and nobody takes it for one that is being ended (breaker16b 0b)', async () => {
  const { id, ask } = await newCall();
  await acsIsBack();
  functions.acs.failing = { path: ':terminate', failure: { status: 401, code: 'Denied' } };
  assert.equal((await ask('hangup')).body.error.code, 'acs.denied');
  const { body } = await functions.request('GET', `calls/${id}`);
  assert.deepEqual([body.status, body.end_reason], ['connected', null]);
  functions.acs.failing = undefined;
  assert.equal((await ask('transfer', { target: HUMAN })).status, 202);
});
