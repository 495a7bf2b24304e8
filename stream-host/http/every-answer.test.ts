import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { MEDIA_TOKEN_SECONDS } from '../../emulator/acs/token-issuer.ts';
import { ALL_ROUTES } from '../../shared/http/routes/all.ts';
import {
  ALL_SOCKETS,
  callSocket,
  conversationSocket,
  relaySocket,
  wordsSocket,
} from '../../shared/http/routes/sockets.ts';
import { WATCH_LIMITS } from '../../shared/protocol/limits.ts';
import { acsTokens, type HostUnderTest, redisForTests, startHost } from '../testing/host-under-test.ts';

/** Answers that the reference promises of the stream host's routes and sockets, and that no other test brings about. */

const redis = await redisForTests();
const admin = new Redis(redis.url);
after(() => admin.disconnect());
const NOWHERE = 'http://127.0.0.1:1/keys';

/** How a socket is refused: the status and the code. */
async function refusal(host: HostUnderTest, path: string, headers: Record<string, string> = {}): Promise<unknown[]> {
  try {
    const client = await host.connect(path, headers);
    client.socket.terminate();
    return [101];
  } catch (error) {
    const { status, body } = error as { status: number; body: { error: { code: string } } };
    return [status, body.error.code];
  }
}

const ofAcs = async () => ({ authorization: `Bearer ${await acsTokens.sign(MEDIA_TOKEN_SECONDS)}` });

test('a method that a path does not know is told on each of them, and which it knows', async () => {
  const host = await startHost(redis.url);
  const routes = ALL_ROUTES.filter(({ half }) => half !== 'functions');
  for (const { path, method } of [...routes, ...ALL_SOCKETS]) {
    const response = await fetch(host.http + path, { method: 'PUT' });
    assert.equal(response.status, 405, path);
    assert.ok(response.headers.get('allow')?.includes(method), path);
  }
});

test('with the signing keys of ACS out of reach its sockets are not opened, and it is told to come again', async () => {
  const host = await startHost(redis.url, {
    acs: { issuer: 'https://acs.example', audience: 'resource-1', jwksUrl: NOWHERE },
  });
  for (const { path } of [callSocket, wordsSocket]) {
    assert.deepEqual(await refusal(host, path, await ofAcs()), [503, 'auth.keys-unavailable']);
  }
});

test('with Redis away, or closed to us, no ticket is good, and that is told as what it is', async () => {
  const host = await startHost(redis.url, { ticketRules: { requireTickets: true } });
  const paths = [conversationSocket, relaySocket].map(({ path }) => `${path}?session_id=s&ticket=${'t'.repeat(43)}`);
  await admin.call('ACL', 'SETUSER', 'default', '-@all', '+acl', '+client', '+ping', '+info', '+hello');
  const refused = await Promise.all(paths.map((path) => refusal(host, path)));
  await admin.call('ACL', 'SETUSER', 'default', '+@all');
  assert.deepEqual(refused, Array(2).fill([503, 'redis.refused']));
  await admin.client('PAUSE', 4_500, 'ALL');
  const unanswered = await Promise.all(paths.map((path) => refusal(host, path)));
  await admin.ping();
  assert.deepEqual(unanswered, Array(2).fill([503, 'redis.unavailable']));
});

test('a client that asks for tickets or for places without end is told to wait, and one that finds all watched, to come again', async () => {
  const host = await startHost(redis.url, { trustedProxyHops: 1 });
  const watch = async (client: number) => {
    const ticket = await host.ticket({ kind: 'dashboard', sessionId: 's' });
    const address = `${relaySocket.path}?session_id=s&ticket=${ticket}`;
    return [address, { 'x-forwarded-for': `192.0.2.${client}` }] as const;
  };
  // Eight for each client.
  for (let n = 0; n < WATCH_LIMITS.watchers; n += 1) await host.connect(...(await watch(Math.floor(n / 8))));
  assert.deepEqual(await refusal(host, ...(await watch(99))), [503, 'host.full']);

  const until429 = async (path: string, init: RequestInit) => {
    for (let n = 0; n < 200; n += 1) {
      const response = await fetch(host.http + path, init);
      if (response.status === 429) {
        const { error } = (await response.json()) as { error: { code: string } };
        return [error.code, response.headers.get('retry-after')];
      }
      await response.body?.cancel();
    }
    return undefined;
  };
  const ticket = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"kind":"browser"}' };
  assert.deepEqual(await until429('/api/v1/tickets', ticket), ['client.too-many-opens', '10']);
  assert.deepEqual(await until429('/api/v1/places', {}), ['client.too-many-requests', '10']);
});

test('one client opens a watch so often in a minute, and no more, however soon it leaves', async () => {
  const host = await startHost(redis.url);
  const codes = new Set<unknown>();
  // Some more than the limit: on a busy machine some are given back meanwhile.
  for (let n = 0; n < 200; n += 1) {
    const [status, code] = await refusal(host, `${relaySocket.path}?session_id=s`);
    codes.add(code ?? status);
    if (code === 'client.too-many-opens') break;
    // Until it has left.
    if (code === 'client.too-many-sessions') await sleep(20);
  }
  assert.ok(codes.has('client.too-many-opens'), [...codes].join());
});

test('a host that is being ended opens no socket of any kind any more', async () => {
  const host = await startHost(redis.url);
  const sockets = await Promise.all(
    ALL_SOCKETS.map(async ({ path, access }) => {
      const socket = connect(Number(new URL(host.http).port), '127.0.0.1');
      await once(socket, 'connect');
      const headers = { host: 'localhost', ...(access === 'acs-token' && (await ofAcs())) };
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      // Half a request, which is waited for.
      socket.write(`GET ${path}?session_id=s HTTP/1.1\r\n${lines.join('')}`);
      return { path, socket };
    }),
  );
  // Somebody who does not answer a close frame.
  const silent = await host.browser();
  silent.socket.pause();
  await sleep(50);
  const closing = host.close();
  const key = Buffer.alloc(16).toString('base64');
  for (const { path, socket } of sockets) {
    socket.write(
      `connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\n\r\n`,
    );
    assert.match(await text(socket), /^HTTP\/1\.1 503 .*host\.draining/s, path);
  }
  await closing;
});
