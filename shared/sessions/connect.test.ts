import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, test } from 'node:test';
import { pino } from 'pino';
import { startEmbeddedRedis } from '../../start/redis-embedded.ts';
import { startRedisServer } from '../../start/redis-server.ts';
import { eventually } from '../testing/eventually.ts';
import { CommandInbox } from './command-inbox.ts';
import { addressOf, connectRedis } from './connect.ts';
import { SessionStore } from './session-store.ts';
import { newSession } from './testing/redis.ts';

const UNAVAILABLE = { code: 'redis.unavailable', status: 503 };

function capturedLog() {
  const lines: Record<string, unknown>[] = [];
  return { lines, log: pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) }) };
}

const kinds = [
  { kind: 'redis-server', start: startRedisServer },
  { kind: 'embedded', start: startEmbeddedRedis },
];

for (const { kind, start } of kinds) {
  describe(`an outage of ${kind}`, () => {
    test('fails commands in time, is logged once, and is over when Redis is back', async (t) => {
      const first = await start();
      if (!first) return t.diagnostic('no redis-server is on the path');
      const port = Number(new URL(first.url).port);
      const { lines, log } = capturedLog();
      const redis = connectRedis(first.url, log, { commandTimeoutMs: 1000 });
      const store = new SessionStore(redis, { ttlSeconds: 60 });
      const inbox = new CommandInbox(redis, { log, pollMs: 50 });
      const reasons: string[] = [];
      t.after(() => {
        inbox.close();
        redis.disconnect();
      });
      const { id } = await store.create(newSession());
      inbox.open(id, (command) => command.type === 'end' && reasons.push(command.reason));

      await first.close();
      const attempts = () => [store.get(id), store.update(id, () => ({})), store.bind(id, { callConnectionId: 'c' })];
      await Promise.all(attempts().map((attempt) => assert.rejects(attempt, UNAVAILABLE)));
      await assert.rejects(store.get(id), UNAVAILABLE);

      const second = await start({ port });
      assert.ok(second);
      t.after(() => second.close());
      await eventually(() => redis.status === 'ready');
      assert.equal(await store.get(id), undefined, 'a private Redis keeps nothing');
      // The scripts are unknown to the new server, and the inbox listens to it without having been told.
      await store.create(newSession(id));
      await store.command(id, { type: 'end', reason: 'after' });
      await eventually(() => reasons.length > 0);
      assert.deepEqual(reasons, ['after']);
      // What the inbox says of its own look is another line.
      const ofConnection = lines.filter(({ redis: address }) => address !== undefined);
      assert.deepEqual(
        ofConnection.map(({ level, redis: address }) => [level, address]),
        [
          [40, `127.0.0.1:${port}`],
          [30, `127.0.0.1:${port}`],
        ],
      );
    });
  });
}

test('a Redis that takes commands and never answers does not hold up its callers', async (t) => {
  const mute = createServer(() => {}).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  const { lines, log } = capturedLog();
  const { port } = mute.address() as AddressInfo;
  const redis = connectRedis(`redis://:secret@127.0.0.1:${port}/0`, log, { commandTimeoutMs: 100 });
  t.after(() => {
    redis.disconnect();
    mute.close();
  });
  const store = new SessionStore(redis, { ttlSeconds: 60 });
  await assert.rejects(store.echo('x'), UNAVAILABLE);
  await eventually(() => lines.length > 0);
  assert.doesNotMatch(JSON.stringify(lines), /secret/);
});

/** A Redis that answers each command as told. The first connection is to an old primary that is a replica by now. */
async function failedOver(refusal: string) {
  let connections = 0;
  const server = createServer((socket) => {
    const isReplica = ++connections === 1;
    socket.on('error', () => {});
    socket.on('data', (data) => {
      for (const [name] of data.toString().matchAll(/\b(EVALSHA|EVAL|INFO|CLIENT|HELLO)\b/gi)) {
        const command = name.toUpperCase();
        if (command === 'INFO') socket.write('$22\r\nredis_version:6.0.14\r\n\r\n');
        else if (command === 'CLIENT' || command === 'HELLO') socket.write('+OK\r\n');
        else return socket.write(isReplica ? `-${refusal}\r\n` : ':1\r\n');
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

for (const refusal of [
  "READONLY You can't write against a read only replica.",
  "READONLY You can't write against a read only replica. script: 01, on @user_script:5.",
  "ERR Error running script (call to f_01): @user_script:5: @user_script: 5: -READONLY You can't write against a read only replica.",
]) {
  test(`after a failover the new primary is reached within seconds: ${refusal.slice(0, 20)} (redis-readonly-in-a-script)`, async (t) => {
    const server = await failedOver(refusal);
    const redis = connectRedis(`redis://127.0.0.1:${server.port}`, capturedLog().log, { commandTimeoutMs: 1000 });
    t.after(() => {
      redis.disconnect();
      server.close();
    });
    const store = new SessionStore(redis, { ttlSeconds: 60 });
    const reserve = () => store.hosts.reserve('call', { agent: 'orders', mode: 'media' }, 6000);
    await assert.rejects(reserve(), { status: 503 });
    await eventually(() =>
      reserve().then(
        () => true,
        () => false,
      ),
    );
  });
}

test('a Redis that takes no writes is not ready (redis-readonly-in-a-script)', async (t) => {
  const server = await startRedisServer();
  if (!server) return t.diagnostic('no redis-server is on the path');
  const redis = connectRedis(server.url, capturedLog().log, { commandTimeoutMs: 1000 });
  t.after(async () => {
    redis.disconnect();
    await server.close();
  });
  const store = new SessionStore(redis, { ttlSeconds: 60 });
  await store.echo('x');
  await redis.replicaof('127.0.0.1', 1);
  assert.equal(await redis.ping(), 'PONG');
  await assert.rejects(store.echo('x'), { code: 'redis.refused' });
});

test('a wrong password is a reason in the log, and the password is not', async (t) => {
  const server = await startEmbeddedRedis();
  const { lines, log } = capturedLog();
  const redis = connectRedis(server.url.replace('//', '//user:secret@'), log, { commandTimeoutMs: 1000 });
  t.after(async () => {
    redis.disconnect();
    await server.close();
  });
  await assert.rejects(new SessionStore(redis, { ttlSeconds: 60 }).echo('x'), { code: 'redis.refused', status: 503 });
  await eventually(() => lines.length > 0);
  assert.doesNotMatch(JSON.stringify(lines), /secret/);
  assert.match(String(lines[0]?.reason), /WRONGPASS/);
});

test('an address shows neither user nor password', () => {
  assert.equal(addressOf('rediss://user:secret@cache.example:6380/3'), 'cache.example:6380/3');
  assert.equal(addressOf('redis://:secret@[::1]:6379'), '[::1]:6379');
});
