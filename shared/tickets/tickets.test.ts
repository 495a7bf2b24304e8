import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { systemClock } from '../clock.ts';
import { randomSecrets } from '../ids.ts';
import { sessionKeys } from '../sessions/keys.ts';
import { redisesUnderTest, TTL_SECONDS } from '../sessions/testing/redis.ts';
import { Tickets } from './tickets.ts';

for (const { kind, connect } of await redisesUnderTest()) {
  suite(`tickets in a ${kind}`, () => {
    const redis = connect();
    const tickets = new Tickets({
      redis,
      clock: systemClock,
      newSecret: randomSecrets,
      sessionTtlSeconds: TTL_SECONDS,
    });
    const page = 'https://app.example';
    const grant = { kind: 'browser', sessionId: 's-1', origin: page } as const;
    const use = { kind: 'browser', sessionId: 's-1', origin: page } as const;

    test('a ticket opens one socket, however many ask with it at once', async () => {
      const { ticket, expiresAtMs } = await tickets.issue(grant);
      assert.ok(Math.abs(expiresAtMs - Date.now() - 60_000) < 10_000);
      const tries = await Promise.allSettled(Array.from({ length: 20 }, () => tickets.take(ticket, use)));
      assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 1);
      const codes = tries.flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : []));
      assert.deepEqual([...new Set(codes)], ['ticket.used']);
    });

    test('one that does not fit is refused, told what it was made for, and gone', async () => {
      const misfits = [
        [{ ...use, kind: 'dashboard' }, /a browser’s socket/],
        [{ ...use, sessionId: 's-2' }, /another session/],
        [{ ...use, origin: 'https://evil.example' }, /another origin/],
        [{ kind: 'browser', sessionId: 's-1' }, /another origin/],
      ] as const;
      for (const [wrong, message] of misfits) {
        const { ticket } = await tickets.issue(grant);
        await assert.rejects(tickets.take(ticket, wrong), { code: 'ticket.mismatch', status: 403, message });
        await assert.rejects(tickets.take(ticket, use), { code: 'ticket.used', status: 401 });
      }
      const { ticket } = await tickets.issue({ kind: 'browser', sessionId: 's-1' });
      await assert.rejects(tickets.take(ticket, use), { code: 'ticket.mismatch', message: /name the page’s origin/ });
    });

    test('a socket that names no session has that of its ticket', async () => {
      const { ticket } = await tickets.issue(grant);
      assert.deepEqual(await tickets.take(ticket, { kind: 'browser', origin: page }), grant);
    });

    test('what is no ticket, or is too old, is unknown; Redis holds no ticket and keeps none longer than a minute', async () => {
      for (const nonsense of ['', 'a', '../../etc', 'x'.repeat(43), 'x'.repeat(5000), '\0'.repeat(43)]) {
        await assert.rejects(tickets.take(nonsense, use), { code: 'ticket.invalid', status: 401 });
      }
      const { ticket } = await tickets.issue(grant);
      const keys = await redis.keys('parley:ticket:*');
      assert.ok(keys.every((key) => !key.includes(ticket)));
      for (const key of keys) {
        const leftMs = await redis.pttl(key);
        assert.ok(leftMs > 0 && leftMs <= 60_000, `${leftMs} ms are left`);
      }
    });

    test('the right to come back is good for as long as its session is kept, and once', async () => {
      const ticket = await tickets.issueReturn({ sessionId: 's-3', origin: page });
      const lives = await Promise.all((await redis.keys('parley:ticket:*')).map((key) => redis.pttl(key)));
      assert.ok(Math.max(...lives) > 60_000 && Math.max(...lives) <= TTL_SECONDS * 1000);
      const back = { ...use, sessionId: 's-3' };
      assert.deepEqual(await tickets.take(ticket, back), {
        kind: 'browser',
        sessionId: 's-3',
        origin: page,
        resumes: true,
      });
      await assert.rejects(tickets.take(ticket, back), { code: 'ticket.used' });
    });

    test('a session is his who opened it, and one that somebody else opened is not', async () => {
      await tickets.claim('mine', 'ann', 'browser');
      await tickets.claim('mine', 'ann', 'browser');
      await assert.rejects(tickets.claim('mine', 'bob', 'browser'), { code: 'ticket.foreign-session', status: 403 });
      await redis.hset(sessionKeys('of-a-call').session, 'id', 'of-a-call');
      await assert.rejects(tickets.claim('of-a-call', 'ann', 'browser'), { code: 'ticket.foreign-session' });
    });

    test('a session that is named before it is opened is his who opens it: a caller of the API, if it is one', async () => {
      const foreign = { code: 'ticket.foreign-session' };
      await assert.rejects(tickets.claim('named', 'ann', 'dashboard'), foreign);
      await tickets.claim('named', 'ann', 'browser');
      await assert.rejects(tickets.claim('named', 'ann', 'dashboard'), foreign);
      await tickets.claim('named', undefined, 'browser');
      await assert.rejects(tickets.claim('named', 'ann', 'browser'), foreign);
      await redis.hset(sessionKeys('named').session, 'id', 'named');
      await tickets.claim('named', undefined, 'browser');
      await assert.rejects(tickets.claim('named', 'ann', 'dashboard'), foreign);
      await tickets.claim('hers', 'ann', 'browser');
      await redis.hset(sessionKeys('hers').session, 'id', 'hers');
      await tickets.claim('hers', 'ann', 'dashboard');
      await assert.rejects(tickets.claim('hers', undefined, 'browser'), foreign);
    });

    test('what another release wrote for a ticket lets nobody in', async () => {
      const { ticket } = await tickets.issue(grant);
      const [key = ''] = (await redis.keys('parley:ticket:*')).slice(-1);
      for (const each of await redis.keys('parley:ticket:*'))
        await redis.set(each, '{"kind":"everything"}', 'PX', 1000);
      assert.ok(key);
      await assert.rejects(tickets.take(ticket, use), { code: 'ticket.invalid' });
    });
  });
}
