import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pino } from 'pino';
import { openCalls } from '../calls/open-calls.ts';
import { systemClock } from '../clock.ts';
import { randomIds } from '../ids.ts';
import { sessionKeys } from './keys.ts';
import { newSession, redisesUnderTest } from './testing/redis.ts';

const log = pino({ level: 'silent' });

/** While a deployment is upgraded, hosts and functions of two releases work at the same sessions. */
for (const redis of await redisesUnderTest()) {
  describe(`two releases side by side, on ${redis.kind} (issue 17)`, () => {
    const raw = redis.connect();
    const store = redis.store();

    test('a field that this release does not know is left alone, and one that it lacks is no fault', async () => {
      const { id } = await store.create({ ...newSession(), status: 'connected', turns: 4 });
      const { session, history } = sessionKeys(id);
      await raw.hset(session, 'moodOfTheCaller', 'cheerful');
      await raw.hdel(session, 'turns', 'heldBy', 'wasHeld');
      await raw.rpush(history, '{"role":"caller","text":"one","emotion":"glad"}', '{"role":"observer","seen":7}');
      assert.equal(await store.claim(id, 'new#1', 5000), true);
      await store.owned(id, 'new#1').set({ answeredBy: 'human' });
      await store.update(id, () => ({ language: 'de-DE' }));
      assert.equal(await raw.hget(session, 'moodOfTheCaller'), 'cheerful');
      assert.equal((await store.get(id))?.turns, undefined);
      assert.deepEqual(await store.history(id), [{ role: 'caller', text: 'one' }]);
    });

    test('what may be absent and cannot be read costs itself alone; without what must be there a session is none', async () => {
      const { id } = await store.create({ ...newSession(), status: 'connected', agent: 'orders' });
      const { session } = sessionKeys(id);
      await raw.hset(session, {
        context: '{"not":',
        answeredBy: 'a-parrot',
        turns: 'many',
        voicemail: '{"on_machine":"sing"}',
      });
      const read = await store.get(id);
      assert.deepEqual(
        [read?.agent, read?.answeredBy, read?.turns, read?.voicemail],
        ['orders', undefined, undefined, undefined],
      );
      await raw.hset(session, 'status', 'enlightened');
      await assert.rejects(store.get(id), { code: 'session.damaged' });
    });

    test('a host says what it runs, and one that does not is as good', async () => {
      await raw.del('parley:hosts');
      const load = {
        sessions: 0,
        maxSessions: 2,
        agents: ['orders'],
        modes: [{ name: 'media', rateHz: 16_000 }],
      } as const;
      await store.hosts.announce('old', load, 6000);
      await store.hosts.announce('new', { ...load, release: 'parley--0000002 b' }, 6000);
      await raw.hset('parley:hosts', 'newer', `${Date.now() + 60_000} 1 2 ,orders, ,media:16000, , r3 and more`);
      const releases = (await store.hosts.all()).map(({ hostId, release }) => [hostId, release]).toSorted();
      assert.deepEqual(releases, [
        ['new', 'parley--0000002 b'],
        ['newer', 'r3'],
        ['old', undefined],
      ]);
      const needs = { agent: 'orders', mode: 'media' };
      assert.equal(await store.hosts.reserve('one', needs, 20_000), 'kept');
    });

    test('what another release wants done is left to it for a minute, and then to nobody', async () => {
      const nobody = async (): Promise<never> => assert.fail('the carrier is not asked');
      const carrier = {
        end: nobody,
        state: nobody,
        participants: nobody,
        recordingState: nobody,
        stopRecording: nobody,
      };
      const { work } = openCalls({
        ...{ redis: raw, store, clock: systemClock, log, newId: randomIds, source: 'stream-host' },
        carrier: { ...carrier, startMedia: nobody, startTranscription: nobody },
        sessionTtlSeconds: 600,
        maxCallMs: 60_000,
      });
      const { id } = await store.create(newSession());
      const { todo } = sessionKeys(id);
      await raw.hset(todo, 'send-flowers', '0 0 {"callId":"c"}');
      await work.visit(id);
      const left = (await raw.hget(todo, 'send-flowers')) ?? '';
      assert.match(left, /^\d+ 0 \{"callId":"c","passed":1\}$/);
      assert.ok(Number.parseInt(left, 10) > Date.now(), 'not at once');
      await raw.hset(todo, 'send-flowers', '0 0 {"callId":"c","passed":12}');
      await work.visit(id);
      assert.equal(await raw.hexists(todo, 'send-flowers'), 0);
    });
  });
}
