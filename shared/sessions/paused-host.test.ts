import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { eventually } from '../testing/eventually.ts';
import { newSession, redisesUnderTest } from './testing/redis.ts';

const BUSY_HOST = new URL('testing/busy-host.ts', import.meta.url).pathname;
/** Long enough that a busy machine renews it in time. */
const LEASE_MS = 1000;

for (const redis of await redisesUnderTest()) {
  for (const letsGo of [false, true]) {
    const name = letsGo ? 'and has let go again' : 'and holds it';
    test(`of two hosts, one that is stopped past its lease and woken lands not one write after the other took over ${name}, on ${redis.kind} (review 4.5)`, async (t) => {
      const store = redis.store();
      const { id } = await store.create(newSession());
      const old = spawn(process.execPath, [BUSY_HOST, redis.url, id, 'old', String(LEASE_MS)]);
      t.after(() => old.kill('SIGKILL'));
      const lines = createInterface({ input: old.stdout });
      assert.deepEqual(await once(lines, 'line'), ['claimed']);
      await eventually(async () => (await store.events(id)).length > 20);

      old.kill('SIGSTOP');
      await eventually(() => store.claim(id, 'new', 5_000));
      const session = store.owned(id, 'new');
      await session.set({ endReason: 'new' });
      await session.writeHistory(0, [{ role: 'caller', text: 'new' }]);
      const [marker = ''] = await session.append({ type: 'taken-over', source: 'stream-host', data: {} });
      if (letsGo) await store.release(id, 'new');

      old.kill('SIGCONT');
      assert.deepEqual(await once(lines, 'line'), ['lost']);
      assert.deepEqual(await store.events(id, { after: marker }), []);
      assert.equal((await store.get(id))?.endReason, 'new');
      assert.deepEqual(await store.history(id), [{ role: 'caller', text: 'new' }]);
      assert.equal(await store.owner(id), letsGo ? undefined : 'new');
    });
  }
}
