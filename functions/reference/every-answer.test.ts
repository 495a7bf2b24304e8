import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { z } from 'zod';
import { ERROR_CODES, type ErrorCode } from '../../shared/error-codes.ts';
import { errorsOf, type RouteContract } from '../../shared/http/route.ts';
import { takeCallbacks, takeIncomingCalls } from '../../shared/http/routes/webhooks.ts';
import { sessionKeys } from '../../shared/sessions/keys.ts';
import type { Session } from '../../shared/sessions/session.ts';
import { type FoundRedis, findRedis } from '../../start/redis.ts';
import { nameOf, ROUTES } from '../testing/attacks.ts';
import { type Answer, type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';
import { exampleBodies, exampleBody, sendExample, standingCall } from '../testing/good-requests.ts';

/**
 * What the reference says of every route, brought about on each of them: its own example is answered, and each fault of
 * what it depends on gets the code that is named there. A new route is tried with nothing added here.
 */

let functions: FunctionsUnderTest;
let redis: Redis;
let server: FoundRedis;
let records: string;
before(async () => {
  // One that may be away: what waits for it is limited as in production.
  server = await findRedis({ log: pino({ level: 'silent' }) });
  records = await mkdtemp(path.join(tmpdir(), 'parley-records-'));
  functions = await startFunctions({
    REDIS_URL: server.url,
    TRANSCRIPTION_SOURCE: 'acs',
    AZURE_SPEECH_ENDPOINT: 'https://speech.example',
    CALL_RECORDS_DIR: records,
  });
  redis = new Redis(server.url);
});
after(async () => {
  redis.disconnect();
  await functions.close();
  await server.close();
  await rm(records, { recursive: true });
});
beforeEach(async () => {
  functions.acs.nextTest();
  await functions.announce({ sessions: 0, maxSessions: 1000 });
});

const routesWith = (code: ErrorCode) => ROUTES.filter((route) => errorsOf(route).includes(code));

test('the example of every route is answered as the reference says, and none by a fault', async () => {
  for (const route of ROUTES) {
    const { status, body } = await sendExample(functions, route, await standingCall(functions));
    assert.ok(status < 500 || route.name === 'readiness', `${nameOf(route)} ${status} ${JSON.stringify(body)}`);
  }
});

/** Routes whose requests ask nothing of ACS unless something was done before: their own tests bring these codes about. */
const LATER: ReadonlySet<string> = new Set(['calls-answer', 'calls-callbacks', 'calls-recording']);
/** Routes that go on trying where ACS does not answer, and say so. */
const TRIED_ON: ReadonlySet<string> = new Set(['calls-hangup', 'calls-terminate']);
const isTriedOn = (code: ErrorCode, name: string) => /^acs\.un/.test(code) && TRIED_ON.has(name);

/** What ACS answers, and the code that becomes of it. */
const ACS_FAULTS = {
  'acs.call-gone': { status: 404, code: '8522' },
  'acs.denied': { status: 401, code: 'Denied' },
  'acs.refused': { status: 400, code: '8500' },
  'acs.unavailable': { status: 503, code: 'ServiceUnavailable' },
  // Nothing at all.
  'acs.unreachable': { status: 0, code: '' },
} as const satisfies Partial<Record<ErrorCode, { status: number; code: string }>>;

for (const code of Object.keys(ACS_FAULTS) as (keyof typeof ACS_FAULTS)[]) {
  test(`every route that names ${code} answers it`, async () => {
    const wrong: string[] = [];
    for (const route of routesWith(code).filter(({ name }) => !LATER.has(name) && !isTriedOn(code, name))) {
      const answers: Answer[] = [];
      for (const example of exampleBodies(route)) {
        const call = await standingCall(functions);
        functions.acs.failing = { path: '', failure: ACS_FAULTS[code] };
        answers.push(await sendExample(functions, route, call, example));
        functions.acs.failing = undefined;
      }
      if (answers.some(({ body }) => body?.error?.code === code)) continue;
      wrong.push(`${nameOf(route)}: ${JSON.stringify(answers.map(({ status, body }) => [status, body]))}`);
    }
    assert.deepEqual(wrong, []);
  });
}

test('a hang-up that ACS does not answer is tried on where its call is known, and told as that where it is not', async () => {
  for (const code of ['acs.unavailable', 'acs.unreachable'] as const) {
    for (const route of ROUTES.filter(({ name }) => TRIED_ON.has(name))) {
      const call = await standingCall(functions);
      functions.acs.failing = { path: '', failure: ACS_FAULTS[code] };
      assert.equal((await sendExample(functions, route, call)).status, 202, nameOf(route));
      const lost = await sendExample(functions, route, { id: `lost-${randomUUID()}`, callConnectionId: 'lost' });
      assert.equal(lost.body?.error?.code, code, nameOf(route));
      functions.acs.failing = undefined;
    }
  }
});

/** Whether a request names a call, whose session can be damaged: others have tests of their own. */
const names = ({ path: template, body }: RouteContract): boolean =>
  template.includes('{id}') || (body instanceof z.ZodObject && 'call_id' in body.shape);

/** Longer than a command is waited for. */
const PAUSE_MS = 4_500;

/** How Redis is brought to a fault, and back. */
const REDIS_FAULTS: Partial<
  Record<
    ErrorCode,
    { readonly begin: (id: string) => Promise<unknown>; readonly end: (id: string) => Promise<unknown> }
  >
> = {
  'redis.unavailable': {
    begin: async () => {
      // Until how many places are taken must be asked again.
      await sleep(3_100);
      await redis.client('PAUSE', PAUSE_MS, 'ALL');
    },
    // Answered when the pause is over.
    end: () => redis.ping(),
  },
  'redis.refused': {
    begin: () => redis.call('ACL', 'SETUSER', 'default', '-@all', '+acl', '+client', '+ping', '+info', '+hello'),
    end: () => redis.call('ACL', 'SETUSER', 'default', '+@all'),
  },
  'redis.foreign-key': {
    begin: async (id) => {
      await redis.set(sessionKeys(id).session, 'x');
      for (const key of ['parley:hosts', 'parley:calls']) await redis.set(key, 'x');
    },
    end: (id) => redis.del(sessionKeys(id).session, 'parley:hosts', 'parley:calls'),
  },
  'session.damaged': {
    begin: (id) => redis.hset(sessionKeys(id).session, 'status', 'somewhere'),
    end: (id) => redis.del(sessionKeys(id).session),
  },
};

for (const [name, { begin, end }] of Object.entries(REDIS_FAULTS)) {
  test(`every route that names ${name} answers it`, async () => {
    const code = Object.keys(ERROR_CODES).find((known): known is ErrorCode => known === name) ?? assert.fail();
    const call = await standingCall(functions);
    await begin(call.id);
    const answers = await Promise.all(
      routesWith(code)
        .filter((route) => code !== 'session.damaged' || names(route))
        .map(async (route) => ({ route, answer: await sendExample(functions, route, call) })),
    ).finally(() => end(call.id));
    const wrong = answers
      .filter(({ answer }) => answer.body?.error?.code !== code)
      .map(({ route, answer }) => `${nameOf(route)}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}`);
    assert.deepEqual(wrong, []);
  });
}

test('a ringing call whose session cannot be read is told so', async () => {
  const [ringing] = Object(exampleBody(takeIncomingCalls));
  const incomingCallContext = randomUUID();
  // As the functions make it of the call's own ticket.
  const id = createHash('sha256').update(incomingCallContext).digest('base64url').slice(0, 32);
  await redis.hset(sessionKeys(id).session, 'status', 'somewhere');
  const delivery = [{ ...ringing, data: { ...ringing.data, incomingCallContext } }];
  assert.equal((await functions.request('POST', 'calls/answer', delivery)).body.error?.code, 'session.damaged');
});

/** Requests with one thing wrong, for a route of whatever kind. */
async function* wrongRequests(route: RouteContract): AsyncGenerator<Answer> {
  const call = await standingCall(functions);
  yield await sendExample(functions, route, call, 5);
  const long = 'x'.repeat(300);
  yield await sendExample(functions, route, { id: long, callConnectionId: 'none' });
  yield await sendExample(functions, { ...route, path: `${route.path}?no-such-field=1` }, call, exampleBody(route));
  yield await sendExample(functions, route, call, exampleBody(route), { 'webhook-request-origin': long });
}

test('what is wrong with a request is told on every route that can be asked wrongly', async () => {
  for (const route of routesWith('request.invalid')) {
    let isTold = false;
    for await (const { body } of wrongRequests(route)) isTold ||= body?.error?.code === 'request.invalid';
    assert.ok(isTold, nameOf(route));
  }
});

test('an id that can be none is refused where it would be used as one', async () => {
  for (const route of routesWith('session.id-invalid').filter(({ path: template }) => template.includes('{id}'))) {
    const { body } = await sendExample(functions, route, { id: '%7Bbraces%7D', callConnectionId: 'none' });
    assert.equal(body?.error?.code, 'session.id-invalid', nameOf(route));
  }
});

test('a record that is too large for an answer is refused, and one of a folder that does not work, too', async () => {
  const { id } = await standingCall(functions, { status: 'disconnected' });
  await mkdir(path.join(records, id));
  await writeFile(path.join(records, id, 'record.jsonl'), '');
  await truncate(path.join(records, id, 'record.jsonl'), 65 * 1024 * 1024);
  const large = await functions.request('GET', `calls/${id}/record`);
  assert.deepEqual([large.status, large.body.error?.code], [413, 'records.too-large']);
  await rm(records, { recursive: true });
  await writeFile(records, 'no folder');
  for (const [method, rest] of [
    ['GET', '/record'],
    ['DELETE', ''],
  ] as const) {
    const { body } = await functions.request(method, `calls/${id}${rest}`);
    assert.equal(body.error?.code, 'records.refused', method);
  }
});

test('events that nobody takes in are refused when too many wait, and those that ACS fails are told of with nobody alive', async () => {
  const authorization = await functions.acs.authorization();
  const event = (type: string, callConnectionId: string | undefined) => ({
    id: randomUUID(),
    type: `Microsoft.Communication.${type}`,
    data: { callConnectionId, mediaStreamingUpdate: { mediaStreamingStatus: 'mediaStreamingFailed' } },
  });
  const tell = ({ id }: Pick<Session, 'id'>, events: readonly object[]) =>
    functions.request('POST', `calls/callbacks/${id}`, events, { authorization });
  const waiting = await standingCall(functions);
  // Somebody else is at it, and does not go on.
  await redis.set(sessionKeys(waiting.id).inboxOwner, 'another', 'PX', 60_000);
  const many = () => Array.from({ length: 100 }, () => event('ParticipantsUpdated', waiting.callConnectionId));
  let last = await tell(waiting, many());
  for (let sent = 100; sent <= 1_000 && last.status === 200; sent += 100) last = await tell(waiting, many());
  assert.equal(last.body.error?.code, 'calls.inbox-full');

  await functions.announce();
  const wrong: string[] = [];
  for (const [code, failure] of Object.entries(ACS_FAULTS)) {
    if (!errorsOf(takeCallbacks).some((named) => named === code)) continue;
    const call = await standingCall(functions);
    functions.acs.failing = { path: '', failure };
    const { status, body } = await tell(call, [event('MediaStreamingFailed', call.callConnectionId)]);
    functions.acs.failing = undefined;
    if (body.error?.code !== code) wrong.push(`${code}: ${status} ${JSON.stringify(body)}`);
  }
  assert.deepEqual(wrong, []);
  const damaged = await standingCall(functions);
  await redis.hset(sessionKeys(damaged.id).session, 'status', 'somewhere');
  const { body } = await tell(damaged, [event('CallConnected', damaged.callConnectionId)]);
  assert.equal(body.error?.code, 'session.damaged');
});

test('a ringing call that ACS cannot be asked to answer is delivered again', async () => {
  for (const code of ['acs.unavailable', 'acs.unreachable'] as const) {
    functions.acs.failing = { path: '', failure: ACS_FAULTS[code] };
    const { body } = await sendExample(
      functions,
      takeIncomingCalls,
      await standingCall(functions),
      exampleBody(takeIncomingCalls),
      {
        'aeg-delivery-count': '0',
      },
    );
    assert.equal(body.error?.code, code);
  }
});

test('a call that is not established, is over, or is none of the telephone is told so on every route that wants one that stands', async () => {
  const calls = {
    'calls.not-established': { id: randomUUID(), status: 'initiating' as const, channel: 'phone' as const },
    'call.ended': { id: randomUUID(), status: 'disconnected' as const, channel: 'phone' as const },
    'calls.no-phone-call': { id: randomUUID(), status: 'connected' as const, channel: 'browser' as const },
  };
  for (const [name, fields] of Object.entries(calls)) {
    await functions.store.create({ direction: 'outbound', mode: 'media', agent: 'orders', ...fields });
    const code = Object.keys(ERROR_CODES).find((known): known is ErrorCode => known === name) ?? assert.fail();
    for (const route of routesWith(code).filter(names)) {
      const { body } = await sendExample(functions, route, { id: fields.id, callConnectionId: fields.id });
      assert.equal(body?.error?.code, code, nameOf(route));
    }
  }
});

test('a call that nobody knows is told so on every route that takes one, whatever its id looks like', async () => {
  functions.acs.failing = { path: '', failure: { status: 404, code: '8522' } };
  for (const route of routesWith('calls.not-found').filter(names)) {
    for (const id of ['no-such-call', '%7Bbraces%7D']) {
      const { body } = await sendExample(functions, route, { id, callConnectionId: 'none' });
      assert.equal(body?.error?.code, 'calls.not-found', `${nameOf(route)} ${id}`);
    }
  }
});
