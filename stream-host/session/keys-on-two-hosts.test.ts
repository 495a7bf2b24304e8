import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CallInbox } from '../../shared/calls/call-inbox.ts';
import { OperationLedger } from '../../shared/calls/operation-ledger.ts';
import type { CallEvent } from '../../shared/carrier/call-events.ts';
import { systemClock } from '../../shared/clock.ts';
import { sessionKeys } from '../../shared/sessions/keys.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { RedisWatch } from '../../test/testing/redis-watch.ts';
import type { Responder } from '../contract/agent.ts';
import type { Mode, ModeKind } from '../contract/mode.ts';
import { CallRecords } from '../record/call-records.ts';
import { MemoryStore } from '../record/testing/memory-store.ts';
import { type Client, phoneSession, redisForTests, responder, startHost } from '../testing/host-under-test.ts';
import { PIN, press } from './testing/pressed-pin.ts';
import { ScriptedCarrier } from './testing/scripted-carrier.ts';

const agent = (): Responder => ({
  ...responder(),
  keyInput: () => PIN,
  async *respond(history) {
    const call = { callId: 'c1', name: 'collect_keys', args: { input: 'pin' } };
    if (history.at(-1)?.role === 'tool') yield { type: 'text', text: 'Thank you.' };
    else yield { type: 'call-action', action: { call, key: 'k1', wish: { kind: 'collect-input', input: 'pin' } } };
  },
});
/** Longer than the rest of a row of keys is waited for. */
const A_ROW_MS = 1700;

/** The hosts' time, which can stand for as long as the machine takes for what comes within a row of keys. Timers run. */
const clock = {
  ...systemClock,
  stoodAtMs: undefined as number | undefined,
  passedMs: 0,
  now: (): number => clock.stoodAtMs ?? systemClock.now() + clock.passedMs,
  stands(): void {
    clock.stoodAtMs = clock.now();
  },
  /** Goes on, so much later. */
  goesOn(laterMs: number): void {
    clock.stoodAtMs = undefined;
    clock.passedMs += laterMs;
  },
};

/** Nobody answers there. */
const writtenDown: ModeKind = {
  answers: false,
  rateHz: 16_000,
  open: ({ events }): Mode => ({
    start() {},
    audio() {},
    interrupt() {},
    pressed: (tone) => events.emit('callerPressed', { tone }),
    close: (reason) => events.emit('ended', { reason }),
  }),
};

const redis = await redisForTests();
const kept = new MemoryStore();
const privacy = { words: true, audio: false, numbers: true };
const records = (host: string) =>
  new CallRecords({ store: kept, privacy, clock: systemClock, version: '1', agentVersion: () => undefined, host });
const hostNamed = (place: string) =>
  startHost(redis.url, {
    place,
    clock,
    openResponder: agent,
    records: records(place),
    modes: { transcription: writtenDown },
    callDesk: { carrier: new ScriptedCarrier(), recording: { wish: { channels: 'mixed', format: 'wav' } } },
  });
const [first, second] = await Promise.all([hostNamed('first'), hostNamed('second')]);
const times = { ttlMs: 60_000, sessionTtlMs: 60_000, wallMs: () => Date.now() };
const inbox = new CallInbox(first.redis, times);
const ledger = new OperationLedger(first.redis, times);

/** A call of which the PIN is collected, and half of it is pressed. */
async function inMidPin(id: string, mode = 'media') {
  await first.store.create({ ...phoneSession(id), mode, callConnectionId: `call-${id}` });
  const phone = await first.phone(`call-${id}`, id);
  phone.startCall();
  const asked = { sessionId: id, operationContext: 'op', kind: 'collect-keys', deadlineMs: 60_000 } as const;
  await ledger.begin(asked);
  const wish = { kind: 'collect-input', input: 'pin' } as const;
  await first.store.command(id, { type: 'wish', operationContext: 'op', wish });
  await eventually(async () => (await first.store.get(id))?.keys?.open !== undefined);
  await press(phone, '739');
  // A carrier that was to be quiet tells of them all the same.
  assert.equal(await first.redis.exists(sessionKeys(id).secretKeys), 1);
  await toldByCarrier(id, '739');
  return phone;
}

async function toldByCarrier(id: string, keys: string): Promise<void> {
  const events = [...keys].map((key): CallEvent => {
    return { kind: 'key', key, id: randomUUID(), name: 'acs.Key', at: Date.now(), callId: `call-${id}` };
  });
  await inbox.append(id, events);
}

async function takenUpBySecond(id: string): Promise<Client> {
  const phone = await second.phone(`call-${id}`, id);
  phone.startCall();
  await eventually(async () => (await first.store.owner(id))?.startsWith('second') === true);
  // It listens.
  await eventually(async () => {
    const events = await first.store.events(id);
    return events.filter(({ type }) => type === 'media.connected').length === 2;
  });
  return phone;
}

/** What the agent was heard to say since the second line was there. */
async function saidOnSecond(id: string): Promise<string> {
  const events = await first.store.events(id);
  const at = events.findLastIndex(({ type }) => type === 'media.connected');
  return events.flatMap(({ type, data }, n) => (n > at && type === 'agent.said' ? [String(data.text)] : [])).join(' ');
}

/** The rest of a row of keys is pressed on the second line while it is one row still; then it is over. */
async function restOfRow(phone: Client, keys: string): Promise<void> {
  await press(phone, keys);
  const isTakenIn = once(phone.socket, 'pong');
  phone.socket.ping();
  await isTakenIn;
  clock.goesOn(A_ROW_MS);
}

const state = async (id: string) => (await ledger.get(id, 'op'))?.state;

/** All that is kept of a session, in Redis and for good. */
async function keptOf(id: string): Promise<string> {
  const { session, history, events, commands, operations, operationStates } = sessionKeys(id);
  const all = await Promise.all([
    ...[session, operations, operationStates].map((key) => first.redis.hgetall(key)),
    ...[events, commands].map((key) => first.redis.xrange(key, '-', '+')),
    first.redis.lrange(history, 0, -1),
  ]);
  return JSON.stringify([all, kept.lines(id), kept.lines(id, 2)]);
}

async function holdsNothing(id: string): Promise<void> {
  const all = await keptOf(id);
  // Times have digits, too.
  for (const digits of ['739184', '"739', '"184', '184#', 'caller.pressed', 'callerPressed', '[pressed'])
    assert.ok(!all.includes(digits), `${digits} is in ${all}`);
}

for (const [how, lose] of [
  ['is lost', async (phone: Client) => phone.socket.terminate()],
  // It believes for a while that the call is its own.
  ['is another host’s all at once', async (_: Client, id: string) => void (await first.store.held.lost(id))],
] as const) {
  test(`a PIN of which the line ${how} is asked for by the next host, and stands nowhere: neither in Redis nor in the record (breaker 0)`, async () => {
    const id = `pin-${how.length}`;
    const lost = await inMidPin(id);
    const watch = await RedisWatch.start(redis.url);
    await lose(lost, id);
    clock.stands();
    const phone = await takenUpBySecond(id);
    assert.equal(await state(id), 'asked', 'the call goes on');
    await restOfRow(phone, '184#');
    // Who enters it before is not asked for it.
    await eventually(async () => (await saidOnSecond(id)).includes(PIN.prompt ?? ''));
    await press(phone, '739184#');
    await eventually(async () => (await state(id)) === 'succeeded');
    await eventually(async () => (await first.store.get(id))?.keys?.open === undefined);
    phone.socket.terminate();
    lost.socket.terminate();
    await eventually(async () => (await first.store.owner(id)) === undefined);
    await eventually(() => kept.lines(id, 2).some(({ line }) => line === 'end'));
    assert.equal((await ledger.get(id, 'op'))?.result?.data?.attempts, 1);
    watch.close();
    await holdsNothing(id);
    const commands = watch.seen.map(({ command }) => command.join(' '));
    const written = commands.filter((command) => command.includes(id)).join('\n');
    assert.ok(written.includes('secretUntil'), 'Redis was watched');
    for (const digits of ['739184', '184#']) assert.ok(!written.includes(digits));
  });
}

test('a PIN in the middle of which a call becomes one that is only written down stands nowhere (breaker A2)', async () => {
  const id = 'pin-mode';
  const lost = await inMidPin(id);
  await first.store.set(id, { mode: 'transcription' });
  lost.socket.close(1000);
  clock.stands();
  const phone = await takenUpBySecond(id);
  await restOfRow(phone, '184#');
  await press(phone, '739184#');
  await eventually(async () => (await state(id)) === 'succeeded');
  phone.socket.terminate();
  await eventually(() => kept.lines(id, 2).some(({ line }) => line === 'end'));
  await holdsNothing(id);
});

test('a PIN that is typed into a page, as there are no keys, is entered and stands nowhere (breaker: a browser has no keys)', async () => {
  const id = 'pin-typed';
  const browser = await first.browser(`?session_id=${id}`);
  const talking = browser.talk((frame) => frame);
  await browser.untilType('session_ready');
  const type = (text: string) => browser.socket.send(JSON.stringify({ type: 'text', text }));
  type('I want to see my balance.');
  await eventually(async () => (await first.store.get(id))?.keys?.open !== undefined);
  await sleep(600);
  type('739184');
  const collected = await browser.untilType('keys_collected');
  assert.partialDeepStrictEqual(collected, { name: 'pin', status: 'right', attempts: 1 });
  talking.say(0);
  browser.socket.send(JSON.stringify({ type: 'end' }));
  await browser.closed;
  await eventually(() => kept.lines(id).some(({ line }) => line === 'end'));
  await holdsNothing(id);
  assert.ok(!JSON.stringify(browser.messages).includes('739184'));
});
