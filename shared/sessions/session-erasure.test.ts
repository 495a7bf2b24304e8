import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Redis } from 'ioredis';
import { CALLS_KEY, callKey, DEAD_LETTERS_KEY, DELIVERIES_KEY, HOSTS_KEY, sessionKeys, ticketKey } from './keys.ts';
import { SessionErasure } from './session-erasure.ts';
import { newSession, redisesUnderTest } from './testing/redis.ts';

const WORD = 'zyzzyva';
const NUMBER = '+15559998877';
const CALL = 'call-of-the-marked';

/** All that Redis has, as text. */
async function dump(redis: Redis): Promise<string> {
  const all: unknown[] = [];
  for (const key of (await redis.keys('*')).sort()) {
    const type = await redis.type(key);
    const read: Record<string, () => Promise<unknown>> = {
      string: () => redis.get(key),
      hash: () => redis.hgetall(key),
      list: () => redis.lrange(key, 0, -1),
      zset: () => redis.zrange(key, '0', '-1'),
      set: () => redis.smembers(key),
      stream: () => redis.xrange(key, '-', '+'),
    };
    all.push([key, await read[type]?.()]);
  }
  return JSON.stringify(all);
}

for (const underTest of await redisesUnderTest()) {
  test(`${underTest.kind}: nothing of a session is left in any key, nor of what was asked for of it by a key, and all else stays as it was (breaker16c n4)`, async () => {
    const [store, redis] = [underTest.store(), underTest.connect()];
    const other = newSession('other');
    await store.create({ ...other, status: 'connected' });
    await store.append('other', { type: 'x', source: 'functions', data: { text: 'mine, not the marked one' } });
    await redis.lpush(DEAD_LETTERS_KEY, JSON.stringify({ session_id: 'other', text: 'marked' }));
    await redis.hset(HOSTS_KEY, 'host-1', '{}');
    const before = await dump(redis);

    const id = 'marked';
    await store.create({ ...newSession(id), from: NUMBER, status: 'initiating' });
    await store.bind(id, { callConnectionId: CALL });
    await store.update(id, () => ({ status: 'disconnected' }));
    await store.append(id, { type: 'caller.said', source: 'stream-host', data: { text: WORD } });
    await store.claim(id, 'host#1', 10_000);
    await store.owned(id, 'host#1').write({ history: { from: 0, items: [{ role: 'caller', text: WORD }] } });
    await store.release(id, 'host#1');
    await store.command(id, { type: 'end', reason: 'x' });
    await store.watch(id, 1_000);
    // Whatever is added to a session's keys, and whatever others note of it.
    await redis.set(`parley:{${id}}:anything-new`, WORD);
    await redis.set(`parley:{${CALL}}:of-the-call`, WORD);
    await redis.set('parley:once:initiate:k', JSON.stringify({ answer: { session_id: id, target_number: NUMBER } }));
    const rung = { fingerprint: 'f', answer: { session_id: id, caller_id: NUMBER } };
    await redis.set('parley:once:incoming:ring', JSON.stringify(rung), 'PX', 60_000);
    const transferred = { fingerprint: 'of-what-was-asked', answer: { session_id: id, call_id: CALL } };
    await redis.set(`parley:once:calls-transfer:${id}:key:mine`, JSON.stringify(transferred), 'PX', 60_000);
    await redis.set(ticketKey('h'), JSON.stringify({ kind: 'browser', sessionId: id }));
    await redis.zadd(DELIVERIES_KEY, 1, id);
    const body = JSON.stringify({ data: { session_id: id, text: WORD } });
    await redis.lpush(DEAD_LETTERS_KEY, JSON.stringify({ id: `${id}:1`, reason: 'x', body }));
    await redis.hset(HOSTS_KEY, `~${id}`, '1');
    await redis.xadd('parley:work', '*', 'entry', JSON.stringify({ callId: CALL, number: NUMBER }));

    const erasure = new SessionErasure(redis);
    assert.equal(await erasure.sessionOf(CALL), id);
    const erased = await erasure.erase(id, CALL);
    for (const name of ['session', 'history', 'events', 'anything-new', 'call', 'once', 'dead-letters', 'calls']) {
      assert.ok((erased.get(name) ?? 0) > 0, `${name} is told: ${[...erased].join(' ')}`);
    }
    const mark = await redis.get('parley:once:incoming:ring');
    assert.deepEqual(JSON.parse(mark ?? ''), { fingerprint: 'f', answer: null }, 'a late copy is known all the same');
    assert.ok((await redis.pttl('parley:once:incoming:ring')) > 0);
    await Promise.all(['parley:work', 'parley:once:incoming:ring'].map((key) => redis.del(key)));
    const after = await dump(redis);
    for (const marked of [WORD, NUMBER, CALL, `:${id}`]) {
      assert.ok(!after.includes(marked), `${marked} is still there: ${after}`);
    }
    assert.equal(after, before);
    assert.deepEqual([...(await erasure.erase(id, CALL))], [], 'a second time there is nothing');
  });

  test(`${underTest.kind}: a short id erases nobody’s words`, async () => {
    const [store, redis] = [underTest.store(), underTest.connect()];
    await redis.lpush(DEAD_LETTERS_KEY, JSON.stringify({ session_id: 'b', text: 'a' }));
    await redis.set('parley:once:x', JSON.stringify({ answer: { message: 'a' } }));
    await store.create(newSession('a'));
    await new SessionErasure(redis).erase('a', undefined);
    for (const key of [DEAD_LETTERS_KEY, 'parley:once:x']) assert.equal(await redis.exists(key), 1);
    assert.equal(await redis.exists(sessionKeys('a').session), 0);
    assert.ok(!(await redis.zrange(CALLS_KEY, '0', '-1')).some((member) => member.endsWith(':a')));
    assert.equal(await redis.get(callKey('none')), null);
  });
}
