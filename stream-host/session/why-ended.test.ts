import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../shared/clock.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { CallRecords } from '../record/call-records.ts';
import { MemoryStore } from '../record/testing/memory-store.ts';
import { phoneSession, redisForTests, startHost } from '../testing/host-under-test.ts';
import { ScriptedCarrier } from './testing/scripted-carrier.ts';

const redis = await redisForTests();
const kept = new MemoryStore();
const host = await startHost(redis.url, {
  records: new CallRecords({
    store: kept,
    privacy: { words: true, audio: false, numbers: true },
    clock: systemClock,
    version: '1.2.3',
    agentVersion: () => undefined,
    host: 'here',
  }),
  callDesk: { carrier: new ScriptedCarrier(), recording: { wish: { format: 'wav', channels: 'mixed' } } },
});

const text = (id: string) => Buffer.concat(kept.kept.get(`${id}/record.jsonl`) ?? []).toString();
const endOf = (id: string) => /"line":"end","end_reason":"([^"]*)"/.exec(text(id))?.[1];

test('the record names the end of a call as the session does, which is told a moment after the line was closed (stranger17 8)', async () => {
  await host.store.create({ ...phoneSession('told'), callConnectionId: 'told-call' });
  const phone = await host.phone('told-call', 'told');
  phone.startCall();
  await phone.untilKind('AudioData');
  phone.socket.close(1000, 'The call has ended.');
  await new Promise((resolve) => setTimeout(resolve, 100));
  await host.store.update('told', () => ({ status: 'disconnected', endReason: 'caller-ended' }));
  await eventually(() => endOf('told') !== undefined);
  assert.equal(endOf('told'), 'caller-ended');
  const [ended] = (await host.store.events('told')).filter(({ type }) => type === 'conversation.ended');
  assert.deepEqual(ended?.data, { reason: 'line-closed' });
  assert.ok(!text('told').includes('"end_reason":"The call has ended."'));
});

test('a line that breaks is no end of its call, and nobody waits for one to be told', async () => {
  await host.store.create({ ...phoneSession('broken'), callConnectionId: 'broken-call' });
  const phone = await host.phone('broken-call', 'broken');
  phone.startCall();
  await phone.untilKind('AudioData');
  phone.socket.terminate();
  await eventually(() => endOf('broken') !== undefined);
  assert.equal(endOf('broken'), 'line-closed');
});
