import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { HttpRequest, type HttpResponseInit, InvocationContext } from '@azure/functions';
import { EntraDouble } from '../../shared/auth/testing/entra-double.ts';
import type { RouteContract } from '../../shared/http/route.ts';
import { health, places, readiness } from '../../shared/http/routes/health.ts';
import { Composition } from '../composition.ts';
import { AcsDouble } from '../testing/acs-double.ts';
import { ask, assertBounded, CLOSED, nameOf, ROUTES } from '../testing/attacks.ts';
import { type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';
import { serve } from './route.ts';

/** Every door of the functions as API_AUTH=key and EVENT_GRID_AUTH=key have it, and what is tried at it. */

const KEY = 'host-key';
const ACS_ISSUER = 'https://acscallautomation.communication.azure.com';
let functions: FunctionsUnderTest;
let strangers: EntraDouble;
before(async () => {
  strangers = await EntraDouble.start();
  functions = await startFunctions({}, 0, { master: 'master-key', host: KEY }, 1_500);
});
after(async () => {
  await functions.close();
  strangers.close();
});

const keyed = CLOSED.filter(({ access }) => access !== 'acs-token');
const ofAcs = CLOSED.filter(({ access }) => access === 'acs-token');

test('without the key, with a wrong one, or with a token in its place, the platform answers 401 and says nothing', async () => {
  const token = await functions.acs.authorization();
  const tries: readonly (readonly [Record<string, string>, string])[] = [
    [{}, ''],
    [{ 'x-functions-key': 'wrong' }, ''],
    [{ 'x-functions-key': '' }, ''],
    [{}, '?code=wrong'],
    [{ 'x-functions-key': 'wrong' }, `?code=${KEY}`],
    [{ authorization: `Bearer ${KEY}` }, ''],
    [{ authorization: token }, ''],
    [{ authorization: `Bearer ${await strangers.token()}` }, ''],
  ];
  assert.ok(keyed.length >= 7);
  for (const route of keyed) {
    for (const [headers, query] of tries) {
      const { status, code } = await ask(functions, route, headers, undefined, query);
      assert.deepEqual([status, code], [401, undefined], `${nameOf(route)} ${JSON.stringify(headers)} ${query}`);
    }
  }
});

test('with the key, by header or in the address, a request gets as far as its own faults', async () => {
  for (const route of keyed) {
    for (const [headers, query] of [
      [{ 'x-functions-key': KEY }, ''],
      [{}, `?code=${KEY}`],
    ] as const) {
      const { status } = await ask(functions, route, headers, undefined, query);
      assert.ok(status !== 401 && status !== 403 && status < 500, `${nameOf(route)} ${status}`);
    }
  }
});

test('what ACS delivers needs a token of ACS, and no forgery of one passes, nor does the key', async () => {
  const good = { aud: AcsDouble.resourceId, iss: ACS_ISSUER };
  const forgeries = await strangers.forgeries(good);
  assert.ok(ofAcs.length > 0);
  for (const route of ofAcs) {
    for (const headers of [{}, { 'x-functions-key': KEY }, { authorization: 'Basic abc' }]) {
      const { status, code } = await ask(functions, route, headers as Record<string, string>);
      assert.deepEqual([status, code], [401, 'auth.token-missing']);
    }
    for (const { name, token } of forgeries) {
      const { status, code } = await ask(functions, route, { authorization: `Bearer ${token}` });
      assert.deepEqual([status, code], [401, 'auth.token-invalid'], name);
    }
    // Good in all but its signer.
    const { status } = await ask(functions, route, { authorization: `Bearer ${await strangers.token(good)}` });
    assert.equal(status, 401);
    const expired = `Bearer ${await functions.acs.tokens.sign(-120)}`;
    assert.equal((await ask(functions, route, { authorization: expired })).code, 'auth.token-expired');
  }
});

test('an event that is replayed does nothing a second time, whoever sends it', async () => {
  functions.acs.reset();
  await functions.announce({ sessions: 0, maxSessions: 10 });
  const ringing = {
    id: 'grid-1',
    topic: 't',
    subject: 's',
    eventType: 'Microsoft.Communication.IncomingCall',
    eventTime: '2026-01-01T00:00:00Z',
    dataVersion: '1.0',
    metadataVersion: '1',
    data: {
      to: { kind: 'phoneNumber', rawId: '4:+15550100', phoneNumber: { value: '+15550100' } },
      from: { kind: 'phoneNumber', rawId: '4:+15550199', phoneNumber: { value: '+15550199' } },
      serverCallId: 'server',
      callerDisplayName: '',
      incomingCallContext: 'context-of-a-replay',
      correlationId: 'correlation',
    },
  };
  const deliver = (id: string) =>
    functions.request('POST', `calls/answer?code=${KEY}`, [{ ...ringing, id }], { 'aeg-delivery-count': '0' });
  const first = await deliver('grid-1');
  assert.equal(first.status, 200);
  // The same event, and the same call under another id.
  for (const id of ['grid-1', 'grid-2']) assert.equal((await deliver(id)).body.session_id, first.body.session_id);
  assert.deepEqual(functions.acs.operations, ['answer']);

  const authorization = await functions.acs.authorization();
  const event = {
    id: 'callback-1',
    type: 'Microsoft.Communication.CallConnected',
    data: { callConnectionId: first.body.call_connection_id },
  };
  const call = () => functions.request('POST', `calls/callbacks/${first.body.session_id}`, [event], { authorization });
  assert.equal((await call()).body.processed_events, 1);
  const again = await call();
  assert.deepEqual([again.status, again.body.processed_events, again.body.duplicate_events], [200, 0, 1]);
});

test('behind each door, what is too large, too deep or too slow is refused, by us or by the host before us', async () => {
  const authorization = await functions.acs.authorization();
  await assertBounded(functions, async () => ({ 'x-functions-key': KEY, authorization }));
});

test('more requests than can be answered at a time are refused by 429, but probes are answered', async (t) => {
  // Not over HTTP: before a starved machine has brought the last of them, the first ones have had all the time they get.
  const composition = new Composition(process.env);
  t.after(() => composition.close());
  const held = Promise.withResolvers<void>();
  const arrive = async (contract: RouteContract, until = Promise.resolve()) => {
    const answer = () => until.then(() => ({ status: 200, body: undefined }));
    const request = new HttpRequest({ method: contract.method, url: 'http://functions.example/' });
    const context = new InvocationContext({ functionName: contract.name });
    const given: HttpResponseInit = await serve({ contract, answer }, composition)(request, context);
    return given;
  };
  const [route, ...routes] = ROUTES.filter(({ probe }) => !probe);
  const waiting = Array.from({ length: 250 }, () => arrive(route ?? assert.fail(), held.promise));
  const probes = ROUTES.filter(({ probe }) => probe);
  assert.deepEqual(new Set(probes), new Set([health, readiness, places]));
  const alive = await Promise.all(probes.map((probe) => arrive(probe)));
  for (const refused of routes) {
    const { status, headers, jsonBody } = await arrive(refused);
    const told = [status, jsonBody.error.code, new Headers(headers).get('retry-after')];
    assert.deepEqual(told, [429, 'request.too-many', '1'], nameOf(refused));
  }
  held.resolve();
  for (const { status } of [...alive, ...(await Promise.all(waiting))]) assert.equal(status, 200);
  assert.equal((await arrive(route ?? assert.fail())).status, 200);
});
