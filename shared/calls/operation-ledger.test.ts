import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sessionKeys } from '../sessions/keys.ts';
import { newSession, redisesUnderTest } from '../sessions/testing/redis.ts';
import { OperationLedger } from './operation-ledger.ts';
import { lastChange } from './operations/newcomer.ts';
import { recordingStateOf } from './operations/recording-state.ts';

const RECORDING = { recordingId: 'recording-1' };

for (const redis of await redisesUnderTest()) {
  describe(`the order of what was asked for in a call, on ${redis.kind}`, () => {
    const raw = redis.connect();
    let now = 1_800_000_000_000;
    const ledger = new OperationLedger(redis.connect(), { ttlMs: 60_000, wallMs: () => now });

    async function change(sessionId: string, operationContext: string, action: string): Promise<void> {
      const data = { action, askedBy: 'api', ...(action !== 'start' && RECORDING) };
      await ledger.begin({ sessionId, operationContext, kind: 'recording', deadlineMs: 60_000, data });
      await ledger.settle(sessionId, { operationContext, state: 'succeeded', result: { data: RECORDING } });
    }

    const known = async (sessionId: string) =>
      (await ledger.list(sessionId)).map(({ operationContext }) => operationContext);

    test('two changes of a recording within a millisecond, or by clocks that differ, have an order (left 18 d: a recording that goes on was taken for paused)', async () => {
      const { id } = newSession();
      await change(id, 'start', 'start');
      const asked = ['start'];
      for (let times = 0; times < 20; times += 1) {
        for (const action of ['pause', 'resume']) {
          asked.push(`${action}-${times}`);
          await change(id, `${action}-${times}`, action);
        }
      }
      assert.deepEqual(await known(id), asked);
      assert.equal(recordingStateOf(await ledger.list(id)).is, 'running');
      // By another process, whose clock is behind.
      now -= 5;
      await change(id, 'late', 'pause');
      const operations = await ledger.list(id);
      assert.deepEqual([recordingStateOf(operations).is, lastChange(operations)?.operationContext], ['paused', 'late']);
    });

    test('what a release before this one has entered has no place, and is read in the order of time, with what comes after it (left 18 d)', async () => {
      const { id } = newSession();
      const { operations, operationStates } = sessionKeys(id);
      for (const [context, action, askedAt] of [
        ['resume', 'resume', now - 10],
        ['start', 'start', now - 30],
        ['pause', 'pause', now - 20],
      ] as const) {
        const data = { action, askedBy: 'engine', ...(action !== 'start' && RECORDING) };
        await raw.hset(operations, context, JSON.stringify({ kind: 'recording', askedAt, deadlineMs: 1, data }));
        const state = { state: 'succeeded', at: askedAt, result: { data: RECORDING } };
        await raw.hset(operationStates, context, `3 ${JSON.stringify(state)}`);
      }
      assert.deepEqual(await known(id), ['start', 'pause', 'resume']);
      await change(id, 'pause-again', 'pause');
      assert.deepEqual(await known(id), ['start', 'pause', 'resume', 'pause-again']);
      assert.equal(recordingStateOf(await ledger.list(id)).is, 'paused');
    });
  });
}
