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
      const redis = connectRedis(first.url, log, { commandTimeoutMs: 300 });
      const store = new SessionStore(redis, { ttlSeconds: 60 });
      const inbox = new CommandInbox(redis, { log, pollMs: 50 });
      const reasons: string[] = [];
      t.after(() => {
        inbox.close();
        redis.disconnect();
      });
      const { id } = await store.create(newSession());
      inbox.open(id, ({ reason }) => void reasons.push(reason));

      await first.close();
      for (let attempt = 0; attempt < 3; attempt++) await assert.rejects(store.get(id), UNAVAILABLE);
      await assert.rejects(
        Promise.all([store.update(id, () => ({})), store.bind(id, { callConnectionId: 'c' })]),
        UNAVAILABLE,
      );

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
      assert.deepEqual(
        lines.map(({ level, redis: address }) => [level, address]),
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
  await assert.rejects(store.ping(), UNAVAILABLE);
  await eventually(() => lines.length > 0);
  assert.doesNotMatch(JSON.stringify(lines), /secret/);
});

test('a wrong password is a reason in the log, and the password is not', async (t) => {
  const server = await startEmbeddedRedis();
  const { lines, log } = capturedLog();
  const redis = connectRedis(server.url.replace('//', '//user:secret@'), log, { commandTimeoutMs: 300 });
  t.after(async () => {
    redis.disconnect();
    await server.close();
  });
  await assert.rejects(new SessionStore(redis, { ttlSeconds: 60 }).ping(), { code: 'redis.refused', status: 503 });
  await eventually(() => lines.length > 0);
  assert.doesNotMatch(JSON.stringify(lines), /secret/);
  assert.match(String(lines[0]?.reason), /WRONGPASS/);
});

test('an address shows neither user nor password', () => {
  assert.equal(addressOf('rediss://user:secret@cache.example:6380/3'), 'cache.example:6380/3');
  assert.equal(addressOf('redis://:secret@[::1]:6379'), '[::1]:6379');
});
