import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { systemClock } from '../clock.ts';
import { readFunctionsSettings } from '../settings/functions-settings.ts';
import { apiDoor, eventGridDoor } from './api-door.ts';
import { EntraTokenVerifier } from './entra-token.ts';
import { AUDIENCE, CLIENT, EntraDouble, STRANGER } from './testing/entra-double.ts';

const EVENT_GRID = '4962773b-9cdb-44cf-a8bf-237846a00ab7';
let entra: EntraDouble;
before(async () => {
  entra = await EntraDouble.start();
});
after(() => entra.close());

const verifierOf = (given: { audience?: string; callers?: string[] } = {}) =>
  new EntraTokenVerifier({
    tenantId: entra.tenantId,
    audience: AUDIENCE,
    issuer: entra.issuer,
    jwksUrl: entra.jwksUrl,
    callersSetting: 'API_CALLERS',
    clock: systemClock,
    ...given,
  });

test('a token of the tenant for this API passes, in either version of the tokens', async () => {
  const verifier = verifierOf();
  assert.deepEqual(await verifier.verify(`Bearer ${await entra.token({ oid: 'someone' })}`), {
    clientId: CLIENT,
    objectId: 'someone',
  });
  const first = await entra.token({ azp: undefined, appid: CLIENT, aud: `api://${AUDIENCE}` });
  assert.equal((await verifier.verify(`bearer ${first}`)).clientId, CLIENT);
  await verifierOf({ audience: `api://${AUDIENCE}` }).verify(`Bearer ${await entra.token()}`);
  await verifierOf({ audience: 'https://parley.example' }).verify(
    `Bearer ${await entra.token({ aud: 'https://parley.example' })}`,
  );
});

test('whatever is not signed by the tenant for this API, now, for an application, is refused', async () => {
  const verifier = verifierOf();
  for (const { name, token, status, code } of await entra.forgeries({})) {
    await assert.rejects(verifier.verify(`Bearer ${token}`), { code, status }, name);
  }
  for (const nothing of [null, undefined, '', 'Basic abc', 'Bearer ']) {
    await assert.rejects(verifier.verify(nothing), { code: 'auth.token-missing', status: 401 });
  }
});

test('where callers are named, another application of the tenant is refused by 403', async () => {
  const verifier = verifierOf({ callers: [CLIENT] });
  await verifier.verify(`Bearer ${await entra.token({ azp: CLIENT.toUpperCase() })}`);
  const refused = verifier.verify(`Bearer ${await entra.token({ azp: STRANGER })}`);
  await assert.rejects(refused, { code: 'auth.caller-refused', status: 403, message: /API_CALLERS/ });
});

test('keys that cannot be fetched are our trouble: 503', async () => {
  const verifier = new EntraTokenVerifier({
    tenantId: entra.tenantId,
    audience: AUDIENCE,
    issuer: entra.issuer,
    jwksUrl: 'http://127.0.0.1:9/keys',
    callersSetting: 'API_CALLERS',
    clock: systemClock,
  });
  const refused = verifier.verify(`Bearer ${await entra.token()}`);
  await assert.rejects(refused, { code: 'auth.keys-unavailable', status: 503, message: /API_JWKS_URL/ });
});

const NEEDED = {
  FUNCTIONS_PUBLIC_URL: 'http://f',
  STREAM_HOST_PUBLIC_URL: 'ws://s',
  STREAM_HOST_URL: 'http://s',
  REDIS_URL: 'redis://r',
  ACS_CONNECTION_STRING: 'endpoint=https://a;accesskey=k',
  ACS_RESOURCE_ID: 'r',
};
const headerOf = (headers: Record<string, string>) => (name: string) => headers[name] ?? null;

test('the settings say which door there is; Event Grid alone delivers, unless others are named', async () => {
  const keys = readFunctionsSettings(NEEDED);
  assert.deepEqual([apiDoor(keys, systemClock).asks, eventGridDoor(keys, systemClock).asks], ['key', 'key']);
  const settings = readFunctionsSettings({
    ...NEEDED,
    ...entra.settings,
    API_AUTH: 'entra',
    API_AUDIENCE: AUDIENCE,
    EVENT_GRID_AUTH: 'entra',
    EVENT_GRID_AUDIENCE: 'api://delivery',
  });
  const api = apiDoor(settings, systemClock);
  const authorization = `Bearer ${await entra.token()}`;
  assert.deepEqual([api.asks, (await api.admit(headerOf({ authorization }))).id], ['entra', `entra:${CLIENT}`]);
  const grid = eventGridDoor(settings, systemClock);
  const delivery = `Bearer ${await entra.token({ aud: 'api://delivery', azp: EVENT_GRID })}`;
  await grid.admit(headerOf({ authorization: delivery }));
  const other = `Bearer ${await entra.token({ aud: 'api://delivery' })}`;
  await assert.rejects(grid.admit(headerOf({ authorization: other })), { code: 'auth.caller-refused' });
  await assert.rejects(grid.admit(headerOf({ authorization })), { code: 'auth.token-invalid' });
  await assert.rejects(api.admit(headerOf({ authorization: delivery })), { code: 'auth.token-invalid' });
});

test('one key is one client, and its name tells nothing of it', async () => {
  const door = apiDoor(readFunctionsSettings(NEEDED), systemClock);
  const [first, again, other, none] = await Promise.all(
    ['secret-1', 'secret-1', 'secret-2'].map(
      async (key) => (await door.admit(headerOf({ 'x-functions-key': key }))).id,
    ),
  ).then(async (ids) => [...ids, (await door.admit(headerOf({}))).id]);
  assert.equal(first, again);
  assert.notEqual(first, other);
  assert.doesNotMatch(String(first), /secret/);
  assert.equal(none, 'key');
  assert.equal((await door.admit(headerOf({}), new URLSearchParams({ code: 'secret-1' }))).id, first);
});

test('a door that asks for tokens needs to know whose and for whom, and says which setting is missing', () => {
  assert.throws(
    () => readFunctionsSettings({ ...NEEDED, API_AUTH: 'entra' }),
    /API_TENANT_ID is not set[\s\S]*API_AUDIENCE is not set/,
  );
  assert.throws(
    () => readFunctionsSettings({ ...NEEDED, EVENT_GRID_AUTH: 'entra' }),
    /API_TENANT_ID is not set[\s\S]*EVENT_GRID_AUDIENCE is not set/,
  );
  assert.throws(
    () => readFunctionsSettings({ ...NEEDED, API_CALLERS: 'me' }),
    /API_CALLERS is "me": it takes client ids/,
  );
});
