import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AUDIENCE, CLIENT, EntraDouble, STRANGER } from '../../shared/auth/testing/entra-double.ts';
import type { RouteContract } from '../../shared/http/route.ts';
import { ask, assertBounded, CLOSED, nameOf } from '../testing/attacks.ts';
import { type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';

/** Every door of the functions as API_AUTH=entra and EVENT_GRID_AUTH=entra have it, and what is tried at it. */

const KEY = 'host-key';
const DELIVERY = { aud: 'api://delivery', azp: '4962773b-9cdb-44cf-a8bf-237846a00ab7' };
const CALLER = { aud: AUDIENCE, azp: CLIENT, oid: 'somebody' };
let functions: FunctionsUnderTest;
let entra: EntraDouble;
before(async () => {
  entra = await EntraDouble.start();
  const settings = {
    ...entra.settings,
    API_AUTH: 'entra',
    API_AUDIENCE: `api://${AUDIENCE}`,
    API_CALLERS: `${CLIENT}, ${CLIENT.replace('a', 'b')}`,
    EVENT_GRID_AUTH: 'entra',
    EVENT_GRID_AUDIENCE: DELIVERY.aud,
    OUTBOUND_CALLS_PER_CLIENT_PER_MINUTE: '2',
  };
  functions = await startFunctions(settings, 0, { master: 'master-key', host: KEY }, 1_500);
});
after(async () => {
  await functions.close();
  entra.close();
});

const ofApi = CLOSED.filter(({ access }) => access === 'api');
const ofGrid = CLOSED.filter(({ access }) => access === 'event-grid');
const goodFor = ({ access }: RouteContract) => (access === 'event-grid' ? DELIVERY : CALLER);
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test('the platform asks for no key, and one that it knows opens nothing', async () => {
  assert.ok(ofApi.length >= 5 && ofGrid.length === 2);
  for (const route of [...ofApi, ...ofGrid]) {
    for (const [headers, query] of [
      [{}, ''],
      [{ 'x-functions-key': KEY }, ''],
      [{ 'x-functions-key': 'master-key' }, ''],
      [{}, `?code=${KEY}`],
      [{ authorization: `Basic ${KEY}` }, ''],
    ] as const) {
      const { status, code } = await ask(functions, route, headers as Record<string, string>, undefined, query);
      assert.deepEqual([status, code], [401, 'auth.token-missing'], nameOf(route));
    }
  }
});

test('no forgery of a token passes at any of them, and nothing of a body is looked at before', async () => {
  for (const route of [...ofApi, ...ofGrid]) {
    for (const { name, token, status, code } of await entra.forgeries(goodFor(route))) {
      const refusal = await ask(functions, route, bearer(token));
      assert.deepEqual([refusal.status, refusal.code], [status, code], `${nameOf(route)}: ${name}`);
    }
    const ofAcs = await ask(functions, route, { authorization: await functions.acs.authorization() });
    assert.deepEqual([ofAcs.status, ofAcs.code], [401, 'auth.token-invalid'], nameOf(route));
  }
});

test('another application of the tenant is refused by 403, and each door’s token opens that door alone', async () => {
  for (const route of [...ofApi, ...ofGrid]) {
    const foreign = await ask(functions, route, bearer(await entra.token({ ...goodFor(route), azp: STRANGER })));
    assert.deepEqual([foreign.status, foreign.code], [403, 'auth.caller-refused'], nameOf(route));
    const swapped = await entra.token(route.access === 'event-grid' ? CALLER : DELIVERY);
    assert.equal((await ask(functions, route, bearer(swapped))).code, 'auth.token-invalid', nameOf(route));
  }
});

test('a good token gets as far as the faults of its request; those of ACS and open routes are as ever', async () => {
  for (const route of [...ofApi, ...ofGrid]) {
    const { status, code } = await ask(functions, route, bearer(await entra.token(goodFor(route))));
    assert.ok(status !== 401 && status !== 403 && status < 500, `${nameOf(route)} ${status} ${code}`);
  }
  const authorization = await functions.acs.authorization();
  const callback = await functions.request('POST', 'calls/callbacks', [], { authorization });
  assert.equal(callback.status, 200);
  assert.equal((await functions.request('GET', 'health')).status, 200);
});

test('Event Grid’s handshakes and its deliveries pass by its token (EVENT_GRID_AUTH)', async () => {
  const headers = bearer(await entra.token(DELIVERY));
  const origin = { 'webhook-request-origin': 'eventgrid.azure.net' };
  const allowed = await functions.request('OPTIONS', 'calls/answer', undefined, { ...headers, ...origin });
  assert.deepEqual([allowed.status, allowed.headers.get('webhook-allowed-origin')], [200, 'eventgrid.azure.net']);
  const validation = {
    id: 'v',
    topic: 't',
    subject: '',
    eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent',
    eventTime: '2026-01-01T00:00:00Z',
    dataVersion: '2',
    metadataVersion: '1',
    data: { validationCode: 'code-1' },
  };
  const validated = await functions.request('POST', 'calls/answer', [validation], headers);
  assert.deepEqual(validated.body, { validationResponse: 'code-1' });
});

test('a client is an application and who is signed in to it: one that calls too much leaves room for others, and nobody sees another’s call', async () => {
  await functions.announce({ sessions: 0, maxSessions: 100 });
  const as = async (claims: object, number: string, key?: string) =>
    functions.request(
      'POST',
      'calls/initiate',
      { target_number: number },
      {
        ...bearer(await entra.token({ ...CALLER, ...claims })),
        ...(key && { 'idempotency-key': key }),
      },
    );
  const first = await as({}, '+15550101', 'same');
  assert.equal((await as({}, '+15550102')).status, 200);
  const { status, body } = await as({}, '+15550103');
  assert.deepEqual([status, body.error.code], [429, 'outbound.client-per-minute']);
  assert.equal((await as({ oid: 'somebody-else' }, '+15550103')).status, 200);
  const others = await as({ azp: CLIENT.replace('a', 'b') }, '+15550101', 'same');
  assert.notEqual(others.body.session_id, first.body.session_id);
});

test('behind each door, what is too large, too deep or too slow is refused, by us or by the host before us', async () => {
  const tokens = { api: await entra.token(CALLER), grid: await entra.token(DELIVERY) };
  const acs = await functions.acs.authorization();
  await assertBounded(functions, async ({ access }) => {
    if (access === 'acs-token') return { authorization: acs };
    return bearer(access === 'event-grid' ? tokens.grid : tokens.api);
  });
});

test('the reference says which token opens what, and nothing of keys', async () => {
  const { body } = await functions.request('GET', 'openapi.json');
  assert.deepEqual(Object.keys(body.components.securitySchemes).sort(), ['acsToken', 'entraToken', 'eventGridToken']);
  assert.deepEqual(body.paths['/api/v1/calls'].get.security, [{ entraToken: [] }]);
  assert.deepEqual(body.paths['/api/v1/calls/answer'].post.security, [{ eventGridToken: [] }]);
  assert.match(body.paths['/api/v1/calls'].get.responses['403'].description, /auth\.caller-refused/);
});
