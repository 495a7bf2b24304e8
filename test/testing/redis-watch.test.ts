import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { startRedisServer } from '../../start/redis-server.ts';
import { RedisWatch } from './redis-watch.ts';

const server = await startRedisServer();

test('each command of a Redis is seen from its first on, as it was sent, also where many come at once', {
  skip: server === undefined && 'no redis-server is on the path',
}, async (t) => {
  const url = server?.url ?? '';
  t.after(() => server?.close());
  const redis = new Redis(url);
  t.after(() => redis.disconnect());
  const busy = setInterval(() => void redis.eval('return redis.call("TIME")', 0), 1);
  t.after(() => clearInterval(busy));
  for (let round = 0; round < 20; round += 1) {
    const watch = await RedisWatch.start(url);
    await redis.set('a "key"\n', 'Grüße \\x41 \x07');
    await redis.eval('return redis.call("TIME")', 0);
    await redis.get('last');
    while (!watch.seen.some(({ command }) => command[1] === 'last')) await new Promise((r) => setTimeout(r, 1));
    watch.close();
    const [set] = watch.seen.filter(({ command }) => command[0] === 'set');
    assert.deepEqual(set?.command, ['set', 'a "key"\n', 'Grüße \\x41 \x07']);
    assert.ok(watch.seen.some(({ fromScript, command }) => fromScript && command[0] === 'TIME'));
  }
});
