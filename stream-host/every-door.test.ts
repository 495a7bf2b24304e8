import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { generateKeyPair, SignJWT } from 'jose';
import { pino } from 'pino';
import { MEDIA_TOKEN_SECONDS } from '../emulator/acs/token-issuer.ts';
import { errorBody } from '../shared/http/error-body.ts';
import {
  acsTokens,
  type Client,
  type HostOptions,
  type HostUnderTest,
  phoneSession,
  redisForTests,
  startHost,
} from './testing/host-under-test.ts';

/** Every door of a socket, and who must not come through it. All with REQUIRE_TICKETS. */
const redis = await redisForTests();
const logged: string[] = [];
const log = pino({ level: 'trace' }, { write: (line) => logged.push(line) });
const start = (options: HostOptions = {}) =>
  startHost(redis.url, { log, ticketRules: { requireTickets: true }, ...options });
const host = await start({ waits: { firstAudioMs: 2_000, browserFirstAudioMs: 300, pickUpMs: 300 } });

/** Whatever must never stand in a log. */
const secrets: string[] = [];
const secret = (value: string): string => {
  secrets.push(value);
  return value;
};

/** How a socket is opened. */
interface Attempt {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
}

interface Door {
  /** One that is let in. */
  good(at: HostUnderTest): Promise<Attempt>;
  /** The same with another proof of who it is; without any where none is given. */
  proving(attempt: Attempt, proof: string | undefined): Attempt;
  /** The same for what is somebody else's. */
  foreign(attempt: Attempt): Promise<Attempt>;
}

const acsDoor = (path: string): Door => ({
  async good(at) {
    const id = randomUUID();
    await at.store.create(phoneSession(id));
    const authorization = `Bearer ${secret(await acsTokens.sign(MEDIA_TOKEN_SECONDS))}`;
    return { path, query: { session_id: id }, headers: { authorization, 'x-ms-call-connection-id': `call-${id}` } };
  },
  proving: ({ headers: { authorization: _, ...headers }, ...attempt }, proof) => ({
    ...attempt,
    headers: { ...headers, ...(proof !== undefined && { authorization: `Bearer ${proof}` }) },
  }),
  async foreign(attempt) {
    const theirs = randomUUID();
    await host.store.create({ ...phoneSession(theirs), callConnectionId: `call-${theirs}` });
    return { ...attempt, query: { session_id: theirs } };
  },
});

const ticketDoor = (path: string, kind: 'browser' | 'dashboard'): Door => ({
  async good(at) {
    const sessionId = randomUUID();
    return {
      path,
      query: { session_id: sessionId, ticket: secret(await at.ticket({ kind, sessionId })) },
      headers: {},
    };
  },
  proving: ({ query: { ticket: _, ...query }, ...attempt }, proof) => ({
    ...attempt,
    query: { ...query, ...(proof !== undefined && { ticket: proof }) },
  }),
  foreign: async (attempt) => ({ ...attempt, query: { ...attempt.query, session_id: randomUUID() } }),
});

const DOORS = {
  media: acsDoor('/api/v1/media/stream'),
  words: acsDoor('/api/v1/media/transcription'),
  browser: ticketDoor('/api/v1/realtime/conversation', 'browser'),
  dashboard: ticketDoor('/api/v1/realtime/dashboard/relay', 'dashboard'),
} as const satisfies Record<string, Door>;
type DoorName = keyof typeof DOORS;

const open = (at: HostUnderTest, { path, query, headers }: Attempt): Promise<Client> =>
  at.connect(`${path}?${new URLSearchParams(query)}`, headers);

/** `401 code` where it was refused before it was a socket, `closed 4404` where it was closed; else it hangs. */
async function fateOf(at: HostUnderTest, attempt: Attempt, then: (client: Client) => void = () => {}): Promise<string> {
  let client: Client;
  try {
    client = await open(at, attempt);
  } catch (refused) {
    const { status, body } = refused as { status: number; body: unknown };
    return `${status} ${errorBody.parse(body).error.code}`;
  }
  then(client);
  return `closed ${(await client.closed).code}`;
}

const { kid = '', n = '' } = acsTokens.jwks.keys[0] ?? {};
const strangers = await generateKeyPair('RS256');
const claims = () =>
  new SignJWT({})
    .setIssuer('https://acs.example')
    .setAudience('resource-1')
    .setIssuedAt()
    .setExpirationTime(MEDIA_TOKEN_SECONDS);

/** Proofs that are none. A door that takes tickets is shown them as one. */
const FORGERIES = {
  'wrong key': async (door: DoorName) =>
    door === 'browser' || door === 'dashboard'
      ? randomBytes(32).toString('base64url')
      : claims().setProtectedHeader({ alg: 'RS256', kid }).sign(strangers.privateKey),
  'alg none': async () => {
    const [, payload] = (await acsTokens.sign(60)).split('.');
    return `${Buffer.from(JSON.stringify({ alg: 'none', kid })).toString('base64url')}.${payload}.`;
  },
  // The public key as a shared secret.
  HS256: () => claims().setProtectedHeader({ alg: 'HS256', kid }).sign(Buffer.from(n, 'base64url')),
  'wrong audience': () => acsTokens.sign(60, 'https://communication.azure.com'),
} as const;

const expired = async (door: DoorName): Promise<Attempt> => {
  const attempt = await DOORS[door].good(host);
  if (door === 'media' || door === 'words') return DOORS[door].proving(attempt, secret(await acsTokens.sign(-120)));
  for (const key of await host.redis.keys('parley:ticket:*')) await host.redis.pexpire(key, 1);
  await new Promise((resolve) => setTimeout(resolve, 5));
  return attempt;
};

/** Uses a proof that has been used. */
const replayed: Readonly<Record<DoorName, () => Promise<string>>> = {
  media: async () => {
    const attempt = await DOORS.media.good(host);
    const call = await open(host, attempt);
    call.startCall();
    await call.untilKind('AudioData');
    const again = await fateOf(host, attempt);
    call.socket.close(1000);
    return again;
  },
  // Of two the newer one counts, as the older may be dead: it is closed.
  words: async () => {
    const attempt = await DOORS.words.good(host);
    const fate = fateOf(host, attempt, ({ socket }) => socket.send(WORDS_METADATA));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const newer = await open(host, attempt);
    const older = await fate;
    newer.socket.terminate();
    return older;
  },
  browser: () => usedTwice('browser'),
  dashboard: () => usedTwice('dashboard'),
};
const WORDS_METADATA = '{"kind":"TranscriptionMetadata","transcriptionMetadata":{"locale":"en-US"}}';

async function usedTwice(door: DoorName): Promise<string> {
  const attempt = await DOORS[door].good(host);
  const first = await open(host, attempt);
  first.socket.terminate();
  return fateOf(host, attempt);
}

const tooLarge: Readonly<Record<DoorName, (client: Client) => void>> = {
  media: ({ socket }) => socket.send(`{"kind":"x","pad":"${'x'.repeat(20_000)}"}`),
  words: ({ socket }) => socket.send('x'.repeat(70_000)),
  browser: ({ socket }) => socket.send(new Uint8Array(70_000)),
  dashboard: ({ socket }) => socket.send('x'.repeat(1025)),
};

/** Opens one more than there may be. */
async function oneTooMany(door: DoorName): Promise<string> {
  const small = await start({ maxSessions: 1 });
  // Words are of a call, and a host takes more calls that stand than others (`LiveSessions.mostSessions`).
  const most = { media: 1, words: 2, browser: 1, dashboard: 8 }[door];
  const opened: Client[] = [];
  for (let n = 0; n < most; n += 1) opened.push(await open(small, await DOORS[door].good(small)));
  const fate = await fateOf(small, await DOORS[door].good(small));
  for (const { socket } of opened) socket.terminate();
  return fate;
}

/** A handshake of which the end never comes. */
async function slowHandshake(door: DoorName): Promise<string> {
  const slow = await start({ requestLimits: { headersTimeout: 100, connectionsCheckingInterval: 20 } });
  const { path } = await DOORS[door].good(slow);
  return statusOf(slow, `GET ${path} HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nx-half: `);
}

/** A handshake whose headers are larger than any. */
async function largeHandshake(door: DoorName): Promise<string> {
  const { path } = await DOORS[door].good(host);
  return statusOf(host, `GET ${path} HTTP/1.1\r\nhost: x\r\nx-large: ${'x'.repeat(40_000)}\r\n\r\n`);
}

/** The status that these bytes are answered with before the connection goes. */
async function statusOf(at: HostUnderTest, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(at.http).port), '127.0.0.1');
  let answer = '';
  // It may be reset, as not all is read.
  socket
    .on('error', () => {})
    .on('data', (data) => {
      answer += data;
    });
  socket.write(bytes);
  await new Promise((resolve) => socket.on('close', resolve));
  return /^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1] ?? 'unanswered';
}

const TROUBLES = {
  nothing: async (door) => fateOf(host, DOORS[door].proving(await DOORS[door].good(host), undefined)),
  'wrong key': (door) => forged(door, 'wrong key'),
  'alg none': (door) => forged(door, 'alg none'),
  HS256: (door) => forged(door, 'HS256'),
  'wrong audience': (door) => forged(door, 'wrong audience'),
  expired: async (door) => fateOf(host, await expired(door)),
  replayed: (door) => replayed[door](),
  'foreign session': async (door) => fateOf(host, await DOORS[door].foreign(await DOORS[door].good(host))),
  'foreign origin': async (door) => {
    const attempt = await DOORS[door].good(host);
    return fateOf(host, { ...attempt, headers: { ...attempt.headers, origin: 'https://evil.example' } });
  },
  'too large': async (door) => fateOf(host, await DOORS[door].good(host), tooLarge[door]),
  'too large a handshake': largeHandshake,
  'too slow': async (door) => (door === 'dashboard' ? slowHandshake(door) : fateOf(host, await DOORS[door].good(host))),
  'too slow a handshake': slowHandshake,
  'too many': oneTooMany,
} as const satisfies Record<string, (door: DoorName) => Promise<string>>;

async function forged(door: DoorName, how: keyof typeof FORGERIES): Promise<string> {
  const proof = secret(await FORGERIES[how](door));
  return fateOf(host, DOORS[door].proving(await DOORS[door].good(host), proof));
}

/** media, words, browser, dashboard. Who watches has nothing to say and cannot be too slow in it. */
const EXPECTED: Readonly<Record<keyof typeof TROUBLES, readonly [string, string, string, string]>> = {
  nothing: ['401 auth.token-missing', '401 auth.token-missing', '401 ticket.missing', '401 ticket.missing'],
  'wrong key': ['401 auth.token-invalid', '401 auth.token-invalid', '401 ticket.invalid', '401 ticket.invalid'],
  'alg none': ['401 auth.token-invalid', '401 auth.token-invalid', '401 ticket.invalid', '401 ticket.invalid'],
  HS256: ['401 auth.token-invalid', '401 auth.token-invalid', '401 ticket.invalid', '401 ticket.invalid'],
  'wrong audience': ['401 auth.token-invalid', '401 auth.token-invalid', '401 ticket.invalid', '401 ticket.invalid'],
  expired: ['401 auth.token-expired', '401 auth.token-expired', '401 ticket.invalid', '401 ticket.invalid'],
  replayed: ['closed 4409', 'closed 4409', '401 ticket.used', '401 ticket.used'],
  'foreign session': ['closed 4404', 'closed 4404', '403 ticket.mismatch', '403 ticket.mismatch'],
  'foreign origin': ['403 origin.refused', '403 origin.refused', '403 origin.refused', '403 origin.refused'],
  'too large': ['closed 4413', 'closed 1009', 'closed 4413', 'closed 1009'],
  'too large a handshake': ['431', '431', '431', '431'],
  'too slow': ['closed 4408', 'closed 4408', 'closed 4408', '408'],
  'too slow a handshake': ['408', '408', '408', '408'],
  'too many': ['503 host.full', '503 host.full', '503 host.full', '429 client.too-many-sessions'],
};

const names = Object.keys(DOORS) as DoorName[];
for (const [trouble, outcomes] of Object.entries(EXPECTED) as [keyof typeof TROUBLES, readonly string[]][]) {
  for (const [at, door] of names.entries()) {
    test(`${door}, ${trouble}: ${outcomes[at]}`, async () => {
      assert.equal(await TROUBLES[trouble](door), outcomes[at]);
    });
  }
}

for (const door of names) {
  test(`${door}: who is refused is told by the same headers as of a request (realtime reader: 401)`, async () => {
    const { path, query } = DOORS[door].proving(await DOORS[door].good(host), undefined);
    const upgrade = 'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13';
    const socket = connect(Number(new URL(host.http).port), '127.0.0.1');
    socket.write(`GET ${path}?${new URLSearchParams(query)} HTTP/1.1\r\nhost: localhost\r\n${upgrade}\r\n\r\n`);
    const [head = ''] = (await text(socket)).split('\r\n\r\n');
    assert.match(head, /^HTTP\/1\.1 401 Unauthorized\r\n.*cache-control: no-store.*www-authenticate: Bearer/s);
  });

  test(`${door}: what is as it should be is let in`, async () => {
    const client = await open(host, await DOORS[door].good(host));
    assert.equal(client.socket.readyState, client.socket.OPEN);
    client.socket.terminate();
  });
}

test('browsers with tickets have their own places, and none of the telephone’s', async () => {
  const small = await start({ maxSessions: 4, maxBrowserSessions: 2 });
  const browsers = [1, 2].map(async () => open(small, await DOORS.browser.good(small)));
  const [first] = await Promise.all(browsers);
  assert.equal(await fateOf(small, await DOORS.browser.good(small)), '503 host.full');
  for (let n = 0; n < 2; n += 1) await open(small, await DOORS.media.good(small));
  assert.equal(await fateOf(small, await DOORS.media.good(small)), '503 host.full');
  first?.socket.terminate();
});

after(() => {
  const all = logged.join('');
  assert.ok(logged.length > 20, 'the log was looked at');
  for (const each of secrets) assert.equal(all.includes(each), false, `${each.slice(0, 10)}… stands in the log`);
});
