import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { pino } from 'pino';
import { readAcsEvent } from '../carrier/acs/acs-events.ts';
import type { CallState } from '../carrier/carrier.ts';
import { CarrierError } from '../carrier/carrier-error.ts';
import { systemClock } from '../clock.ts';
import { ParleyError } from '../errors.ts';
import { randomIds } from '../ids.ts';
import { CommandInbox } from '../sessions/command-inbox.ts';
import { sessionKeys } from '../sessions/keys.ts';
import type { SessionCommand } from '../sessions/session.ts';
import { newSession, redisesUnderTest } from '../sessions/testing/redis.ts';
import { eventually } from '../testing/eventually.ts';
import { TRANSFER_LOOK_MS, UNSURE_LOOK_MS } from './early-look.ts';
import { openCalls } from './open-calls.ts';
import type { NewOperation } from './operation-ledger.ts';
import { leftovers, NOTHING_LEFT, workOff } from './testing/worked-off.ts';

const [redis] = await redisesUnderTest();
if (!redis) throw new Error('There is no Redis.');
const raw = redis.connect();
const store = redis.store();
/** How the carrier says that calls stand, one answer after the other; the last one stays. */
const states: (CallState | (() => Promise<CallState>))[] = [];
let looks = 0;
const carrier = {
  end: async () => true,
  state: async () => {
    looks += 1;
    const next = (states.length > 1 ? states.shift() : states[0]) ?? 'connected';
    return typeof next === 'string' ? next : next();
  },
  participants: async () => [],
  recordingState: async () => 'active' as const,
  stopRecording: async () => {},
  startMedia: async () => {},
  startTranscription: async () => {},
};
const calls = openCalls({
  ...{ redis: redis.connect(), store, carrier, source: 'functions', clock: systemClock, newId: randomIds },
  ...{ log: pino({ level: 'silent' }), sessionTtlSeconds: 600, maxCallMs: 60_000 },
});
const inbox = new CommandInbox(redis.connect());
after(() => inbox.close());

async function inTransfer(how: 'blind' | 'warm', shown: typeof states = [], isAnswered = true) {
  states.splice(0, states.length, ...shown);
  looks = 0;
  const id = `transfer-${randomUUID()}`;
  await store.create({ ...newSession(id), status: 'connected', callConnectionId: `c-${id}` });
  const commands: SessionCommand[] = [];
  const stop = inbox.open(id, (command) => commands.push(command));
  const data = { how, target: '+15559999', askedBy: 'api' };
  const lookMs = how === 'blind' ? TRANSFER_LOOK_MS : undefined;
  const transfer = {
    sessionId: id,
    operationContext: 't',
    kind: 'transfer',
    deadlineMs: 65_000,
    lookMs,
    data,
  } as const;
  await calls.ledger.begin(transfer);
  if (how === 'blind' && isAnswered) await calls.ledger.accepted(id, 't');
  if (!isAnswered) await calls.ledger.lookSoon(id, 't', 65_000);
  const ended = async (subCode: number) => {
    const resultInformation = { code: 200, subCode, message: 'As ordered.' };
    const wire = {
      id: `end-${id}`,
      type: 'Microsoft.Communication.CallDisconnected',
      data: { callConnectionId: `c-${id}`, resultInformation },
    };
    const event = readAcsEvent(wire, Date.now());
    assert.ok(event);
    await calls.inbox.append(id, [event]);
    await calls.work.visit(id);
  };
  const outcome = async () => {
    const { state, result } = (await calls.ledger.get(id, 't')) ?? {};
    return [state, result?.message];
  };
  const look = () => raw.hget(sessionKeys(id).todo, 'reconcile:t');
  const dueInMs = async () => Number((await look())?.split(' ')[0]) - Date.now();
  /** It is looked after now. */
  const lookNow = async () => {
    await raw.hset(sessionKeys(id).todo, 'reconcile:t', `${await look()}`.replace(/^\d+/, '0'));
    await calls.work.visit(id);
  };
  return { id, commands, stop, ended, outcome, look, dueInMs, lookNow };
}

test('a blind transfer of which only the end of the call tells has succeeded, and the call was transferred (breaker16b L)', async () => {
  const { id, ended, outcome, stop } = await inTransfer('blind');
  await ended(7015);
  assert.equal((await outcome())[0], 'succeeded');
  assert.partialDeepStrictEqual(await store.get(id), { status: 'disconnected', endReason: 'transferred' });
  assert.deepEqual(await leftovers(raw, id), NOTHING_LEFT);
  stop();
});

test('a blind transfer whose failure nobody tells is found out as soon as the carrier shows none any more, and whoever talks with the caller is told (breaker16b L)', async () => {
  const { id, commands, dueInMs, outcome, stop } = await inTransfer('blind', ['changing', 'changing', 'connected']);
  assert.ok((await dueInMs()) <= TRANSFER_LOOK_MS, 'it is not waited for until the deadline');
  await workOff(raw, calls);
  assert.equal((await outcome())[0], 'failed');
  assert.ok(looks <= 4, 'it was settled by the third look');
  await eventually(() => commands.length > 0);
  assert.partialDeepStrictEqual(commands, [{ type: 'operation', operationContext: 't', succeeded: false }]);
  // The word of the carrier counts, when it comes after all.
  await calls.ledger.settle(id, { operationContext: 't', state: 'succeeded' });
  assert.equal((await outcome())[0], 'succeeded');
  stop();
});

test('of a carrier that never shows a transfer its silence says nothing: the deadline is waited for', async () => {
  const { outcome, stop } = await inTransfer('blind', ['connected']);
  await workOff(raw, calls);
  assert.equal((await outcome())[0], 'failed');
  assert.ok(looks > 20, `${looks}`);
  stop();
});

test('a request for a transfer that got no answer is looked after soon, and nobody in the call is told of what he never noticed (breaker16b 0b)', async () => {
  const { id, dueInMs, outcome, stop } = await inTransfer('blind', ['connected'], false);
  assert.ok((await dueInMs()) <= UNSURE_LOOK_MS);
  await workOff(raw, calls);
  assert.equal((await outcome())[0], 'failed');
  assert.ok(looks <= 2, 'it is settled by the first look');
  assert.equal(await raw.xlen(sessionKeys(id).commands), 0);
  stop();
});

test('a recording that has paused for a request that got no answer goes on: whoever talks on the call is told that nobody comes (left 16)', async () => {
  const { id, commands, outcome, stop } = await inTransfer('blind', ['connected'], false);
  await calls.ledger.begin({ sessionId: id, operationContext: 't.pause-0', kind: 'recording', deadlineMs: 60_000 });
  await calls.ledger.settle(id, { operationContext: 't.pause-0', state: 'succeeded' });
  await workOff(raw, calls);
  assert.equal((await outcome())[0], 'failed');
  await eventually(() => commands.length > 0);
  assert.deepEqual(commands, [{ type: 'operation', operationContext: 't.pause-0', succeeded: false, reason: '' }]);
  stop();
});

for (const [how, answer] of [
  ['fails', new CarrierError('unavailable', 'acs.unavailable', 'Later.')],
  ['goes through', 'changing'],
] as const) {
  test(`a look that was under way when a request gave up, and ${how}, does not undo that it is looked after soon (closer 4)`, async () => {
    const call = await inTransfer('blind', [
      async () => {
        await calls.ledger.lookSoon(call.id, 't', 65_000);
        if (answer instanceof CarrierError) throw answer;
        return answer;
      },
      'connected',
    ]);
    await call.lookNow();
    assert.match(`${await call.look()}`, /^\d+ 0 .*"unsure":true/);
    await call.lookNow();
    assert.equal((await call.outcome())[0], 'failed');
    assert.ok(looks <= 3, 'it is settled by the second look');
    call.stop();
  });
}

test('a host that could not be told how an operation ended, which was found out by asking, is told at the next try (closer 7)', async () => {
  const { id, commands, lookNow, outcome, stop } = await inTransfer('blind', ['changing', 'connected']);
  await lookNow();
  await raw.set(sessionKeys(id).commands, 'no list of commands');
  await lookNow();
  assert.equal((await outcome())[0], 'failed');
  await raw.del(sessionKeys(id).commands);
  await lookNow();
  await eventually(() => commands.length > 0);
  assert.partialDeepStrictEqual(commands, [{ type: 'operation', operationContext: 't', succeeded: false }]);
  assert.deepEqual(await leftovers(raw, id), NOTHING_LEFT);
  stop();
});

test('a caller who hangs up while a human is rung for him has left, as one who does so while the human is told (breaker16b J)', async () => {
  for (const how of ['warm', 'blind'] as const) {
    const { id, ended, outcome, stop } = await inTransfer(how);
    await ended(560_000);
    assert.deepEqual(await outcome(), ['failed', 'caller-left'], how);
    assert.equal((await store.get(id))?.endReason, 'caller-ended');
    stop();
  }
});

test('what whoever talks on a call is to do is told him by the step that enters it: nobody who dies after it leaves one that blocks others (left 16-9)', async () => {
  const { id, commands, stop } = await inTransfer('blind');
  const wish = { kind: 'hold', forS: 5 } as const;
  const entered = (operationContext: string): NewOperation => ({
    ...({ sessionId: id, operationContext, kind: 'recording', deadlineMs: 60_000 } as const),
    alone: { slot: 'recording', refusal: () => new ParleyError('recording.running', 'One runs.') },
    order: { type: 'wish', operationContext, wish },
  });
  assert.equal(await calls.ledger.begin(entered('first')), true);
  assert.equal(await calls.ledger.begin(entered('first')), false);
  await assert.rejects(calls.ledger.begin(entered('second')), { code: 'recording.running' });
  await eventually(() => commands.length > 0);
  assert.deepEqual(commands, [{ type: 'wish', operationContext: 'first', wish }]);
  assert.equal(await raw.xlen(sessionKeys(id).commands), 1);
  stop();
});

test('that a caller is on hold is told whoever talks with him by the step that notes it, and not where it has failed (left 16-9)', async () => {
  const { id, commands, stop } = await inTransfer('blind');
  const order = { type: 'operation', operationContext: 'h', succeeded: true, reason: '' } as const;
  for (const operationContext of ['h', 'failed']) {
    await calls.ledger.begin({ sessionId: id, operationContext, kind: 'hold', deadlineMs: 60_000 });
  }
  await calls.ledger.settle(id, { operationContext: 'failed', state: 'failed' });
  await calls.ledger.settle(id, { operationContext: 'failed', state: 'succeeded' }, order);
  await calls.ledger.settle(id, { operationContext: 'h', state: 'succeeded' }, order);
  await eventually(() => commands.length > 0);
  assert.deepEqual(commands, [order]);
  assert.equal(await raw.xlen(sessionKeys(id).commands), 1);
  stop();
});
