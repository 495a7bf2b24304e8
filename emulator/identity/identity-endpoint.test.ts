import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { ManagedIdentityCredential } from '@azure/identity';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { pino } from 'pino';
import { systemClock } from '../../shared/clock.ts';
import { listening } from '../../shared/testing/listening.ts';
import { VIRTUAL_EPOCH_MS, VirtualClock } from '../../shared/virtual-clock.ts';
import { Faults } from '../faults.ts';
import { AccessTokens, AUDIENCES } from './access-tokens.ts';
import { IDENTITY_PATH, IdentityEndpoint } from './identity-endpoint.ts';
import { ServiceDoor } from './service-door.ts';

const log = pino({ level: 'silent' });

async function startEndpoint(context: TestContext) {
  const tokens = await AccessTokens.open(systemClock);
  const faults = new Faults(log);
  const endpoint = new IdentityEndpoint({ tokens, secret: 'the-header', lifeSeconds: 60, faults, log });
  const server = createServer((request, response) => {
    if (!endpoint.handle(request, response)) response.writeHead(404).end();
  });
  const url = `http://127.0.0.1:${await listening(server)}${IDENTITY_PATH}`;
  context.after(() => server.close());
  return { tokens, faults, endpoint, url };
}

test('the real SDK gets the token of its identity here, made out to the service and for as long as it says', async (context) => {
  const { tokens, endpoint, url } = await startEndpoint(context);
  Object.assign(process.env, { IDENTITY_ENDPOINT: url, IDENTITY_HEADER: 'the-header' });
  const credential = new ManagedIdentityCredential({ clientId: 'client-1', retryOptions: { maxRetries: 0 } });
  const { token, expiresOnTimestamp } = await credential.getToken('https://communication.azure.com//.default');
  const leftMs = expiresOnTimestamp - Date.now();
  assert.ok(leftMs > 50_000 && leftMs <= 61_000, `${leftMs} ms`);
  const claims = tokens.read(token, AUDIENCES.acs);
  assert.equal(claims?.appid, 'client-1');
  assert.match(claims?.oid ?? '', /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/);
  // Whoever has the published keys can judge it, too.
  await jwtVerify(token, createLocalJWKSet(tokens.jwks), { audience: 'https://communication.azure.com/' });
  await credential.getToken('https://redis.azure.com/.default');
  assert.deepEqual(endpoint.status.requests, {
    'https://communication.azure.com/': { 'client-1': 1 },
    'https://redis.azure.com': { 'client-1': 1 },
  });
});

test('whoever does not show the header, or asks for nothing, gets no token', async (context) => {
  const { endpoint, faults, url } = await startEndpoint(context);
  const ask = async (query: string, headers: Record<string, string> = { 'x-identity-header': 'the-header' }) =>
    (await fetch(`${url}?${query}`, { headers })).status;
  const whole = 'api-version=2019-08-01&resource=https://redis.azure.com';
  assert.equal(await ask(whole, {}), 401);
  assert.equal(await ask(whole, { 'x-identity-header': 'another' }), 401);
  assert.equal(await ask('api-version=2019-08-01'), 400);
  assert.equal(await ask('resource=https://redis.azure.com'), 400);
  faults.order({ 'identity.refuse': { times: 1 } });
  assert.equal(await ask(whole), 503);
  assert.equal(await ask(whole), 200);
  assert.equal(endpoint.status.refused, 5);
});

test('a service lets in who shows its key, or a token that is for it and has not expired, and nobody else', async () => {
  const clock = new VirtualClock();
  assert.equal(clock.wallMs(), VIRTUAL_EPOCH_MS);
  const tokens = await AccessTokens.open(clock);
  const stranger = await AccessTokens.open(clock);
  const door = new ServiceDoor({ key: 'the-key', tokens }, AUDIENCES.ai);
  const bearer = (from: AccessTokens, audience: string, seconds = 60) => ({
    keys: [],
    authorization: `Bearer ${from.issue(audience, undefined, seconds).token}`,
  });
  const good = bearer(tokens, 'https://ai.azure.com');
  const unsigned = `Bearer ${btoa('{"alg":"none"}')}.${good.authorization.split('.')[1]}.`;
  assert.ok(door.admits({ keys: ['the-key'], authorization: undefined }));
  assert.ok(door.admits(good));
  assert.ok(door.admits(bearer(tokens, 'https://cognitiveservices.azure.com/')));
  for (const proof of [
    { keys: ['another', undefined], authorization: undefined },
    { keys: [], authorization: unsigned },
    { keys: [], authorization: `Basic ${good.authorization.slice(7)}` },
    bearer(tokens, 'https://redis.azure.com'),
    bearer(stranger, 'https://ai.azure.com'),
    bearer(tokens, 'https://ai.azure.com', 0),
  ]) {
    assert.equal(door.admits(proof), false);
  }
  await clock.advance(60_000);
  assert.equal(door.admits(good), false);
  const keyless = new ServiceDoor({ tokens }, AUDIENCES.ai);
  assert.equal(keyless.admits({ keys: ['the-key', undefined, ''], authorization: undefined }), false);
});
