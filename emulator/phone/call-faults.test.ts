import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallFaults } from './call-faults.ts';

test('who has said all stays for a fault that ends soon or just did, and for no other', async () => {
  const recovery = async (wanted: string, atMs = 10_000) => {
    const faults = new CallFaults();
    await faults.want(wanted, { want: async () => {} });
    return faults.recoveryAfter(atMs);
  };
  assert.deepEqual(await recovery('stream-host=down@10s-11s'), { endMs: 11_000, untilMs: 16_000 });
  // What is not to end, or not soon, is not waited for.
  const several = 'redis=down@12s,acs=down@1s-1m,voice=down@1s-8s,model=slow@1s-3s';
  assert.deepEqual(await recovery(several), { endMs: 8_000, untilMs: 13_000 });
  assert.equal(await recovery('stream-host=down@1s-5s'), undefined);
  assert.equal(await recovery('model=down'), undefined);
});
