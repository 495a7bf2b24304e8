import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { systemClock } from '../clock.ts';
import { eventually } from '../testing/eventually.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { AcsTokenVerifier } from './acs-token.ts';

const issuer = 'https://acs.example';
const audience = 'resource-1';
const keys = await generateKeyPair('RS256', { extractable: true });
const strangers = await generateKeyPair('RS256');

let server: Server;
let jwksUrl: string;
let verifier: AcsTokenVerifier;

before(async () => {
  const body = JSON.stringify({
    keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' }],
  });
  server = createServer((_, response) => response.setHeader('content-type', 'application/json').end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/calling/keys`;
  verifier = new AcsTokenVerifier({ jwksUrl, issuer, audience, clock: systemClock });
});
after(() => server.close());

interface Claims {
  readonly issuer?: string;
  readonly audience?: string;
  readonly expiresInSeconds?: number;
  readonly notBeforeSeconds?: number;
  readonly key?: CryptoKey;
  readonly keyId?: string;
  readonly atMs?: number;
}

function sign(claims: Claims = {}): Promise<string> {
  const now = Math.floor((claims.atMs ?? Date.now()) / 1000);
  return new SignJWT({})
    .setProtectedHeader({ alg: 'RS256', kid: claims.keyId ?? 'k1', typ: 'JWT' })
    .setIssuer(claims.issuer ?? issuer)
    .setAudience(claims.audience ?? audience)
    .setIssuedAt(now)
    .setNotBefore(now + (claims.notBeforeSeconds ?? 0))
    .setExpirationTime(now + (claims.expiresInSeconds ?? 300))
    .sign(claims.key ?? keys.privateKey);
}

const rejects = (authorization: string | null, code: string) =>
  assert.rejects(verifier.verify(authorization, 'callback'), { code, status: 401 });

test('a token of ACS for this resource passes, whatever the case of "Bearer"', async () => {
  const token = await verifier.verify(`Bearer ${await sign()}`, 'callback');
  assert.equal((token.expiresAt ?? 0) - (token.issuedAt ?? 0), 300);
  await verifier.verify(`bearer ${await sign()}`, 'callback');
});

test('a missing or shapeless header is told apart from a bad token', async () => {
  await rejects(null, 'auth.token-missing');
  await rejects('Basic abc', 'auth.token-missing');
  await rejects('Bearer not.a.token', 'auth.token-invalid');
});

test("a stranger's key, audience or issuer is refused", async () => {
  await rejects(`Bearer ${await sign({ key: strangers.privateKey })}`, 'auth.token-invalid');
  await rejects(`Bearer ${await sign({ audience: 'resource-2' })}`, 'auth.token-invalid');
  await rejects(`Bearer ${await sign({ issuer: 'https://evil.example' })}`, 'auth.token-invalid');
});

test('a token signed with a shared secret, or not at all, is refused', async () => {
  const forged = await new SignJWT({})
    .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setExpirationTime('5m')
    .sign(new TextEncoder().encode('s'.repeat(32)));
  await rejects(`Bearer ${forged}`, 'auth.token-invalid');
  const [, payload] = (await sign()).split('.');
  const none = Buffer.from(JSON.stringify({ alg: 'none', kid: 'k1' })).toString('base64url');
  await rejects(`Bearer ${none}.${payload}.`, 'auth.token-invalid');
});

test('clocks may differ by up to a minute, not more', async () => {
  await verifier.verify(`Bearer ${await sign({ expiresInSeconds: -50 })}`, 'callback');
  await rejects(`Bearer ${await sign({ expiresInSeconds: -70 })}`, 'auth.token-expired');
  await verifier.verify(`Bearer ${await sign({ notBeforeSeconds: 50 })}`, 'callback');
  await rejects(`Bearer ${await sign({ notBeforeSeconds: 70 })}`, 'auth.token-invalid');
});

/** A server of keys that counts how often it was asked and can be told to fail. */
async function keyServer() {
  const state: { asked: number; failing: boolean; key?: CryptoKey } = { asked: 0, failing: false };
  const published = async () => {
    const known = [{ ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'RS256' }];
    return { keys: state.key ? [...known, { ...(await exportJWK(state.key)), kid: 'k2', alg: 'RS256' }] : known };
  };
  const jwks = createServer(async (_, response) => {
    state.asked += 1;
    if (state.failing) response.writeHead(500).end();
    else response.setHeader('content-type', 'application/json').end(JSON.stringify(await published()));
  });
  await new Promise<void>((resolve) => jwks.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(jwks.address() as AddressInfo).port}/keys`;
  return { state, url, close: () => jwks.close() };
}

test('keys that were fetched once go on being good while their server is away, for a day (H3)', async (t) => {
  const jwks = await keyServer();
  t.after(() => jwks.close());
  const clock = new VirtualClock();
  const patient = new AcsTokenVerifier({ jwksUrl: jwks.url, issuer, audience, clock });
  const token = async () => `Bearer ${await sign({ atMs: clock.wallMs() })}`;
  await patient.verify(await token(), 'callback');
  jwks.state.failing = true;
  for (let minutes = 0; minutes < 24 * 60 - 20; minutes += 20) {
    await clock.advance(20 * 60_000);
    await patient.verify(await token(), 'callback');
  }
  // What was asked behind the back of the last one may still be on its way.
  let askedWhileAway = -1;
  while (askedWhileAway !== jwks.state.asked) {
    askedWhileAway = jwks.state.asked;
    await sleep(100);
  }
  await patient.verify(await token(), 'callback');
  await sleep(50);
  assert.equal(jwks.state.asked, askedWhileAway, 'not asked again for each token');

  await clock.advance(30 * 60_000);
  await assert.rejects(patient.verify(await token(), 'callback'), { code: 'auth.keys-unavailable', status: 503 });
  jwks.state.failing = false;
  await clock.advance(1_000);
  await patient.verify(await token(), 'callback');
});

test('fresh keys are kept for ten minutes, and fetched behind the back of who asks after that (H3)', async (t) => {
  const jwks = await keyServer();
  t.after(() => jwks.close());
  const clock = new VirtualClock();
  const patient = new AcsTokenVerifier({ jwksUrl: jwks.url, issuer, audience, clock });
  for (let second = 0; second < 590; second += 10) {
    await patient.ready();
    await clock.advance(10_000);
  }
  assert.equal(jwks.state.asked, 1);
  await clock.advance(30_000);
  await patient.ready();
  await eventually(() => jwks.state.asked === 2);
});

test('keys that cannot be fetched are our trouble, not the sender’s: 503, so that ACS tries again', async () => {
  const broken = createServer((_, response) => response.writeHead(500).end());
  await new Promise<void>((resolve) => broken.listen(0, '127.0.0.1', resolve));
  const port = (broken.address() as AddressInfo).port;
  const unlucky = new AcsTokenVerifier({
    jwksUrl: `http://127.0.0.1:${port}/keys`,
    issuer,
    audience,
    clock: systemClock,
  });
  const token = `Bearer ${await sign()}`;
  await assert.rejects(unlucky.verify(token, 'callback'), { code: 'auth.keys-unavailable', status: 503 });
  broken.closeAllConnections();
  await new Promise((resolve) => broken.close(resolve));
  await assert.rejects(unlucky.verify(token, 'callback'), { code: 'auth.keys-unavailable', status: 503 });
});

test('a token that lives longer than those of its use is none of ACS: one of a socket opens no webhook', async () => {
  const day = `Bearer ${await sign({ expiresInSeconds: 24 * 3600 })}`;
  await verifier.verify(day, 'socket');
  await assert.rejects(verifier.verify(day, 'callback'), {
    code: 'auth.token-invalid',
    message: /longer than those of a callback/,
  });
  const forEver = `Bearer ${await sign({ expiresInSeconds: 25 * 3600 })}`;
  await assert.rejects(verifier.verify(forEver, 'socket'), { code: 'auth.token-invalid' });
});

const ofUnknownKey = async (n: number, clock: VirtualClock) =>
  `Bearer ${await sign({ key: strangers.privateKey, keyId: `unknown-${n}`, atMs: clock.wallMs() })}`;

test('a flood of tokens of unknown keys asks for the keys every five seconds at most, and a new key is found by that', async (t) => {
  const jwks = await keyServer();
  t.after(() => jwks.close());
  const clock = new VirtualClock();
  const flooded = new AcsTokenVerifier({ jwksUrl: jwks.url, issuer, audience, clock });
  for (let second = 0; second < 20; second += 1) {
    const tokens = await Promise.all(Array.from({ length: 5 }, (_, n) => ofUnknownKey(second * 5 + n, clock)));
    const judged = await Promise.allSettled(tokens.map((token) => flooded.verify(token, 'callback')));
    assert.ok(judged.every((each) => each.status === 'rejected' && each.reason.code === 'auth.token-invalid'));
    await clock.advance(1000);
  }
  assert.equal(jwks.state.asked, 1 + 4);
  jwks.state.key = strangers.publicKey;
  await clock.advance(5000);
  const ofNewKey = await sign({ key: strangers.privateKey, keyId: 'k2', atMs: clock.wallMs() });
  await flooded.verify(`Bearer ${ofNewKey}`, 'callback');
});

test('the same flood while the keys’ server is away is no flood there, and tokens of known keys pass (known faults)', async (t) => {
  const jwks = await keyServer();
  t.after(() => jwks.close());
  const clock = new VirtualClock();
  const flooded = new AcsTokenVerifier({ jwksUrl: jwks.url, issuer, audience, clock });
  await flooded.ready();
  jwks.state.failing = true;
  await clock.advance(6000);
  const codes = new Set<string>();
  for (let n = 0; n < 100; n += 1) {
    await flooded.verify(await ofUnknownKey(n, clock), 'callback').catch(({ code }) => codes.add(code));
  }
  assert.equal(jwks.state.asked, 2);
  assert.deepEqual([...codes].sort(), ['auth.keys-unavailable', 'auth.token-invalid']);
  await flooded.verify(`Bearer ${await sign({ atMs: clock.wallMs() })}`, 'callback');
});

test('a flood before there was ever a key asks for the keys once a second, so that a server that throttles us can come back', async (t) => {
  const jwks = await keyServer();
  t.after(() => jwks.close());
  jwks.state.failing = true;
  const clock = new VirtualClock();
  const young = new AcsTokenVerifier({ jwksUrl: jwks.url, issuer, audience, clock });
  const token = `Bearer ${await sign({ atMs: clock.wallMs() })}`;
  for (let n = 0; n < 50; n += 1) {
    await assert.rejects(young.verify(token, 'callback'), { code: 'auth.keys-unavailable', status: 503 });
    await clock.advance(100);
  }
  assert.equal(jwks.state.asked, 5);
  jwks.state.failing = false;
  await young.verify(token, 'callback');
});
