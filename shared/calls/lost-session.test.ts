import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { pino } from 'pino';
import { readAcsEvent } from '../carrier/acs/acs-events.ts';
import { systemClock } from '../clock.ts';
import { randomIds } from '../ids.ts';
import { sessionKeys } from '../sessions/keys.ts';
import { newSession, redisesUnderTest } from '../sessions/testing/redis.ts';
import { openCalls } from './open-calls.ts';
import { enterAgain } from './operations/enter-again.ts';
import { leftovers, NOTHING_LEFT, workOff } from './testing/worked-off.ts';

const HUMAN = '+15559999';

const [redis] = await redisesUnderTest();
if (!redis) throw new Error('There is no Redis.');
const raw = redis.connect();
const store = redis.store();
const inCall: string[] = [];
const carrier = {
  end: async () => true,
  state: async () => 'connected' as const,
  participants: async () => inCall.map((id) => ({ id, muted: false, onHold: false })),
  recordingState: async () => 'active' as const,
  stopRecording: async () => {},
  startMedia: async () => {},
  startTranscription: async () => {},
};
const calls = openCalls({
  ...{ redis: redis.connect(), store, carrier, source: 'functions', clock: systemClock, newId: randomIds },
  ...{ log: pino({ level: 'silent' }), sessionTtlSeconds: 600, maxCallMs: 60_000 },
});

/** A call whose host has somebody rung, and whose data Redis loses then. */
async function lostWhileRinging() {
  inCall.length = 0;
  const id = `lost-${randomUUID()}`;
  const session = await store.create({ ...newSession(id), status: 'connected', callConnectionId: `c-${id}` });
  const data = { target: HUMAN, askedBy: 'api' };
  const rung = { operationContext: 'a', kind: 'add-participant', data, state: 'accepted' } as const;
  await raw.del(...(await raw.keys(`parley:{${id}}:*`)));
  /** What the carrier tells of it. @returns whether the sender is told that it counts */
  const told = async (type: string) => {
    const event = readAcsEvent(
      {
        ...{ id: `${type}-${id}`, type: `Microsoft.Communication.${type}` },
        data: { callConnectionId: `c-${id}`, operationContext: 'a', resultInformation: { code: 200, message: 'So.' } },
      },
      Date.now(),
    );
    await calls.inbox.append(id, [event ?? assert.fail('it cannot be read')]);
    return (await calls.work.visit(id)).taken.length === 1;
  };
  /** Its host writes it again. */
  const restore = async () => {
    await store.restore(session, [], { owner: 'host', leaseMs: 60_000 });
    await enterAgain(calls.ledger, id, [rung]);
  };
  const lines = () => raw.hgetall(sessionKeys(id).todo);
  /** What is to be done of such a name is due, and done. */
  const doNow = async (name: string) => {
    for (const [each, line] of Object.entries(await lines()))
      if (each.startsWith(name)) await raw.hset(sessionKeys(id).todo, each, line.replace(/^\d+/, '0'));
    await calls.work.visit(id);
  };
  const state = async () => (await calls.ledger.get(id, 'a'))?.state;
  const commands = async () =>
    (await raw.xrange(sessionKeys(id).commands, '-', '+')).map(([, fields]) => fields.join());
  return { id, told, restore, lines, doNow, state, commands };
}

test('what the carrier tells of somebody who was rung waits until the host has written the session again that Redis has lost (breaker16c 5: it was passed over)', async () => {
  for (const [type, state] of [
    ['AddParticipantSucceeded', 'succeeded'],
    ['AddParticipantFailed', 'failed'],
  ] as const) {
    const call = await lostWhileRinging();
    assert.ok(await call.told(type));
    // Not yet.
    await call.doNow('late:');
    assert.equal(Object.keys(await call.lines()).length, 1);
    await call.restore();
    await call.doNow('late:');
    assert.equal(await call.state(), state);
    const [command = '', ...more] = await call.commands();
    assert.match(command, new RegExp(`"operationContext":"a","succeeded":${state === 'succeeded'}`));
    assert.deepEqual(more, []);
  }
});

test('what is told of a session that nobody writes again is passed over after a grace, and nothing of it is left (breaker16c 5)', async () => {
  const call = await lostWhileRinging();
  await call.told('AddParticipantSucceeded');
  const [line = ''] = Object.values(await call.lines());
  assert.ok(Number(line.split(' ')[0]) <= Date.now() + 1_000, line);
  for (let second = 1; second < 3; second += 1) {
    await call.doNow('late:');
    assert.equal(Object.keys(await call.lines()).length, 1);
  }
  await call.doNow('late:');
  assert.deepEqual(await leftovers(raw, call.id), NOTHING_LEFT);
  assert.deepEqual(await store.events(call.id), []);
});

test('who was rung when Redis lost its data is looked for at once, and whoever talks on the call is told that he has come (breaker16c 5: only after five minutes)', async () => {
  const call = await lostWhileRinging();
  await call.restore();
  const { 'reconcile:a': look = '' } = await call.lines();
  assert.ok(Number(look.split(' ')[0]) <= Date.now() + 1_000, look);
  // Nobody lists whom it still rings.
  await call.doNow('reconcile:');
  assert.equal(await call.state(), 'accepted');
  inCall.push(HUMAN);
  await call.doNow('reconcile:');
  assert.equal(await call.state(), 'succeeded');
  assert.match((await call.commands()).join(), /"operationContext":"a","succeeded":true/);
  await workOff(raw, calls);
  assert.deepEqual(await leftovers(raw, call.id), NOTHING_LEFT);
});
