import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { generateKeyPair, SignJWT } from 'jose';
import { MEDIA_TOKEN_SECONDS } from '../../emulator/acs/token-issuer.ts';
import { AcsDouble } from '../testing/acs-double.ts';
import { type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';

/** The door of ACS's callbacks, and who must not come through it. */
let functions: FunctionsUnderTest;
before(async () => {
  functions = await startFunctions();
});
after(() => functions.close());

const newSession = (fields: object = {}) =>
  functions.store.create({
    id: randomUUID(),
    channel: 'phone',
    direction: 'inbound',
    mode: 'media',
    agent: 'orders',
    status: 'ringing',
    ...fields,
  });

const connected = (callConnectionId: string, id = randomUUID()) => ({
  id,
  source: `calling/callConnections/${callConnectionId}`,
  type: 'Microsoft.Communication.CallConnected',
  data: { callConnectionId, serverCallId: 's', correlationId: 'c' },
  time: '2026-01-01T00:00:00Z',
  specversion: '1.0',
});

async function deliver(sessionId: string, body: unknown, token: string | undefined) {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const answer = await functions.request('POST', `calls/callbacks/${sessionId}`, body, headers);
  return { ...answer, fate: answer.status === 200 ? '200' : `${answer.status} ${answer.body.error.code}` };
}

const good = () => functions.acs.tokens.sign(300);
const keyOf = () => functions.acs.tokens.jwks.keys[0];
const claims = () =>
  new SignJWT({})
    .setIssuer('https://acscallautomation.communication.azure.com')
    .setAudience(AcsDouble.resourceId)
    .setIssuedAt()
    .setExpirationTime('5m');

const FORGERIES: Readonly<Record<string, readonly [fate: string, make: () => Promise<string | undefined>]>> = {
  nothing: ['401 auth.token-missing', async () => undefined],
  'wrong key': [
    '401 auth.token-invalid',
    async () =>
      claims()
        .setProtectedHeader({ alg: 'RS256', kid: keyOf()?.kid ?? '' })
        .sign((await generateKeyPair('RS256')).privateKey),
  ],
  'an unknown key': [
    '401 auth.token-invalid',
    async () =>
      claims()
        .setProtectedHeader({ alg: 'RS256', kid: randomUUID() })
        .sign((await generateKeyPair('RS256')).privateKey),
  ],
  'alg none': [
    '401 auth.token-invalid',
    async () => {
      const head = Buffer.from(JSON.stringify({ alg: 'none', kid: keyOf()?.kid })).toString('base64url');
      return `${head}.${(await good()).split('.')[1]}.`;
    },
  ],
  HS256: [
    '401 auth.token-invalid',
    async () =>
      claims()
        .setProtectedHeader({ alg: 'HS256', kid: keyOf()?.kid ?? '' })
        .sign(Buffer.from(keyOf()?.n ?? '', 'base64url')),
  ],
  'wrong audience': ['401 auth.token-invalid', () => functions.acs.tokens.sign(60, 'https://communication.azure.com')],
  expired: ['401 auth.token-expired', () => functions.acs.tokens.sign(-120)],
  'the token of a media socket': ['401 auth.token-invalid', () => functions.acs.tokens.sign(MEDIA_TOKEN_SECONDS)],
};

for (const [name, [fate, make]] of Object.entries(FORGERIES)) {
  test(`a callback with ${name}: ${fate}, and the call is as it was`, async () => {
    const { id } = await newSession();
    const answer = await deliver(id, [connected(`connection-${id}`)], await make());
    assert.equal(answer.fate, fate);
    assert.equal((await functions.store.get(id))?.status, 'ringing');
  });
}

test('a callback that is replayed, with its token, is known by its event and changes nothing', async () => {
  const { id } = await newSession();
  const event = connected(`connection-${id}`);
  const token = await good();
  assert.equal((await deliver(id, [event], token)).body.processed_events, 1);
  const again = await deliver(id, [event], token);
  assert.deepEqual([again.body.processed_events, again.body.duplicate_events], [0, 1]);
  assert.equal((await functions.store.events(id)).length, 1);
});

test('a callback of one call that names the session of another leaves it alone', async () => {
  const { id } = await newSession({ callConnectionId: 'connection-of-its-own', status: 'connected' });
  const gone = { ...connected('connection-of-another'), type: 'Microsoft.Communication.CallDisconnected' };
  assert.equal((await deliver(id, [gone], await good())).fate, '200');
  assert.equal((await functions.store.get(id))?.status, 'connected');
});

test('a callback that is too large, or of too many events: 413', async () => {
  const { id } = await newSession();
  const large = [{ ...connected('c'), pad: 'x'.repeat(1_100_000) }];
  assert.equal((await deliver(id, large, await good())).fate, '413 request.too-large');
  const many = Array.from({ length: 101 }, () => connected('c'));
  assert.equal((await deliver(id, many, await good())).fate, '413 events.too-many');
});
