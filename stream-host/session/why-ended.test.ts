import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../shared/clock.ts';
import type { Session } from '../../shared/sessions/session.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { CallRecords } from '../record/call-records.ts';
import { MemoryStore } from '../record/testing/memory-store.ts';
import { phoneSession, redisForTests, startHost } from '../testing/host-under-test.ts';
import { ScriptedCarrier } from './testing/scripted-carrier.ts';
import { whyEnded } from './why-ended.ts';

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

/** What is found out of a call whose line the carrier has closed, on a clock of its own. */
function lineClosed(found: Partial<Session> = {}) {
  const clock = new VirtualClock();
  const session: Session = { ...phoneSession('s'), version: 1, createdAt: 0 };
  const state = { now: { ...session, ...found } };
  const told: (string | undefined)[] = [];
  void whyEnded(session, async () => state.now, clock).then((why) => told.push(why));
  return { clock, state, told };
}

test('why a call has ended is waited for, for half a second, as it is told a moment after its line was closed (stranger17 8)', async () => {
  const { clock, state, told } = lineClosed();
  await clock.advance(400);
  assert.deepEqual(told, []);
  state.now = { ...state.now, endReason: 'caller-ended' };
  await clock.advance(80);
  assert.deepEqual(told, ['caller-ended']);

  const untold = lineClosed();
  await untold.clock.advance(500);
  assert.deepEqual([untold.told, untold.clock.pending], [[undefined], 0]);
});

test('a session whose mode was changed has not ended, and whoever takes it up again does not wait for why: keys that are pressed meanwhile are nobody’s (left 16-6)', async () => {
  const { clock, told } = lineClosed({ mode: 'transcription' });
  await clock.advance(0);
  assert.deepEqual([told, clock.pending], [[undefined], 0]);
  const ended = lineClosed({ mode: 'transcription', endReason: 'caller-ended' });
  await ended.clock.advance(0);
  assert.deepEqual(ended.told, ['caller-ended']);
});

test('the record names the end of a call as the session does, and the timeline what became of the line (stranger17 8)', async () => {
  await host.store.create({ ...phoneSession('told'), callConnectionId: 'told-call' });
  const phone = await host.phone('told-call', 'told');
  phone.startCall();
  await phone.untilKind('AudioData');
  await host.store.update('told', () => ({ status: 'disconnected', endReason: 'caller-ended' }));
  phone.socket.close(1000, 'The call has ended.');
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
