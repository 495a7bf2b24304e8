import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { connectRedis } from '../sessions/connect.ts';
import type { Session } from '../sessions/session.ts';
import { redisesUnderTest } from '../sessions/testing/redis.ts';
import { outboundSettings } from '../settings/outbound-settings.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { OutboundBudget } from './outbound-budget.ts';
import { OutboundGate } from './outbound-gate.ts';
import { OutboundPrices } from './outbound-prices.ts';

const MANY = 100_000;
const log = pino({ level: 'silent' });
const BERLIN = '+493012345678';
const HAMBURG = '+494012345678';

interface Limits {
  readonly minute?: number;
  readonly day?: number;
  readonly number?: number;
  readonly client?: number;
  readonly budget?: number;
}

/** A gate of one of several hosts. */
function gateOf(redis: Redis, clock: VirtualClock, limits: Limits): OutboundGate {
  const settings = {
    OUTBOUND_CALLS_PER_MINUTE: limits.minute ?? MANY,
    OUTBOUND_CALLS_PER_DAY: limits.day ?? MANY,
    OUTBOUND_CALLS_PER_NUMBER_PER_DAY: limits.number ?? MANY,
    OUTBOUND_CALLS_PER_CLIENT_PER_MINUTE: limits.client ?? MANY,
    OUTBOUND_BUDGET_PER_DAY: limits.budget,
    MAX_CALL_MS: 600_000,
  };
  const prices = limits.budget === undefined ? undefined : new OutboundPrices({ 49: 0.01, 4940: 0.1 });
  return new OutboundGate({ redis, clock, settings, prices, emulated: false });
}

/** Of any host, which knows no prices. */
const budgetOf = (redis: Redis, clock: VirtualClock) => new OutboundBudget({ redis, clock, maxCallMs: 600_000 });

const codeOf = (outcome: PromiseSettledResult<unknown>): string =>
  outcome.status === 'fulfilled' ? 'passed' : outcome.reason.code;

for (const redis of await redisesUnderTest()) {
  const fresh = async () => {
    const connection = redis.connect();
    await connection.flushall();
    return connection;
  };
  const call = { number: BERLIN, client: 'a' };

  test(`${redis.kind}: a limit holds over all hosts, however many ask at once (H12)`, async () => {
    const clock = new VirtualClock();
    const gates = [gateOf(await fresh(), clock, { minute: 50 }), gateOf(redis.connect(), clock, { minute: 50 })];
    await gates[1]?.admit({ number: HAMBURG, client: 'warm' });
    const asked = Array.from({ length: 200 }, (_, n) => gates[n % 2]?.admit(call));
    const codes = (await Promise.allSettled(asked)).map(codeOf);
    // What is refused is counted for a moment, so a call or two less may pass, and never one more.
    const passed = codes.filter((code) => code === 'passed').length;
    assert.ok(passed <= 49 && passed >= 40, `${passed}`);
    assert.ok(codes.every((code) => code === 'passed' || code === 'outbound.per-minute'));
  });

  test(`${redis.kind}: each limit has its code and says when to come again, and the next window is open`, async () => {
    const connection = await fresh();
    const clock = new VirtualClock();
    const cases = [
      [{ client: 2 }, 'outbound.client-per-minute', 60_000],
      [{ minute: 2 }, 'outbound.per-minute', 60_000],
      [{ number: 2 }, 'outbound.number-per-day', 86_400_000],
      [{ day: 2 }, 'outbound.per-day', 86_400_000],
    ] as const;
    for (const [limits, code, windowMs] of cases) {
      await connection.flushall();
      const gate = gateOf(connection, clock, limits);
      await gate.admit(call);
      await gate.admit(call);
      const retryAfterMs = windowMs - (clock.wallMs() % windowMs);
      await assert.rejects(gate.admit(call), { code, status: 429, retryAfterMs });
      await clock.advance(retryAfterMs);
      await gate.admit(call);
    }
  });

  test(`${redis.kind}: none a day stops all calls, however many were placed before, and lets them out again`, async () => {
    const connection = await fresh();
    const clock = new VirtualClock();
    const none = outboundSettings.OUTBOUND_CALLS_PER_DAY.parse('0');
    await gateOf(connection, clock, { day: 2 }).admit(call);
    const stopped = gateOf(connection, clock, { day: none });
    for (let n = 0; n < 5; n++) await assert.rejects(stopped.admit(call), { code: 'outbound.per-day' });
    await clock.advance(86_400_000);
    await assert.rejects(stopped.admit(call), { code: 'outbound.per-day' });
    await gateOf(connection, clock, { day: 1 }).admit(call);
  });

  test(`${redis.kind}: one client, and one number, leave room for the others`, async () => {
    const gate = gateOf(await fresh(), new VirtualClock(), { client: 1, minute: 2 });
    await gate.admit(call);
    for (let n = 0; n < 5; n++) await assert.rejects(gate.admit(call), { code: 'outbound.client-per-minute' });
    await gate.admit({ ...call, client: 'b' });
    await assert.rejects(gate.admit({ ...call, client: 'c' }), { code: 'outbound.per-minute' });
    const other = gateOf(await fresh(), new VirtualClock(), { number: 1 });
    await other.admit(call);
    await assert.rejects(other.admit(call), { code: 'outbound.number-per-day' });
    await other.admit({ ...call, number: HAMBURG });
  });

  test(`${redis.kind}: what was refused, or not placed, is not counted, even when its window has passed`, async () => {
    const connection = await fresh();
    const clock = new VirtualClock();
    const gate = gateOf(connection, clock, { minute: 1, day: 2 });
    const admission = await gate.admit(call);
    for (let n = 0; n < 5; n++) await assert.rejects(gate.admit(call), { code: 'outbound.per-minute' });
    await clock.advance(60_000);
    await admission.takeBack(log);
    await admission.takeBack(log);
    // Had it been taken from this minute, two would pass now.
    await gate.admit(call);
    await assert.rejects(gate.admit(call), { code: 'outbound.per-minute' });
    await clock.advance(60_000);
    await gate.admit(call);
    await clock.advance(60_000);
    await assert.rejects(gate.admit(call), { code: 'outbound.per-day' });
  });

  test(`${redis.kind}: a call counts with the price of its longest time until it is over, and then with its own`, async () => {
    const clock = new VirtualClock();
    // Ten minutes at 0.01.
    const connection = await fresh();
    const gate = gateOf(connection, clock, { budget: 0.25 });
    const budget = budgetOf(connection, clock);
    let made = 0;
    const session = (given: Partial<Session>): Session =>
      ({ id: `s-${++made}`, createdAt: clock.wallMs(), minutePrice: gate.minutePrice(BERLIN), ...given }) as Session;
    await gate.admit(call);
    await gate.admit(call);
    await assert.rejects(gate.admit(call), { code: 'outbound.budget', status: 429 });
    const connectedAt = clock.wallMs();
    const first = session({ connectedAt });
    await clock.advance(90_000);
    // Two minutes begun: eight are given back.
    await budget.settle({ ...first, endedAt: clock.wallMs() });
    await budget.settle({ ...first, endedAt: clock.wallMs() });
    await gate.admit(call);
    await assert.rejects(gate.admit(call), { code: 'outbound.budget' });
    // It failed: all of it.
    await budget.settle(session({ status: 'failed' }));
    await gate.admit(call);
    // A dear number costs ten times that.
    await assert.rejects(gate.admit({ ...call, number: HAMBURG }), { code: 'outbound.budget' });
    await assert.rejects(gate.admit({ ...call, number: '+33612345678' }), {
      code: 'outbound.price-unknown',
      status: 403,
    });
  });

  test(`${redis.kind}: a call that is over before anybody said that it was answered costs its time all the same`, async () => {
    const clock = new VirtualClock();
    const connection = await fresh();
    const gate = gateOf(connection, clock, { budget: 0.15 });
    await gate.admit(call);
    const minutePrice = gate.minutePrice(BERLIN);
    const session = { id: 's', createdAt: clock.wallMs(), status: 'disconnected', minutePrice } as Session;
    await clock.advance(8 * 60_000);
    await budgetOf(connection, clock).settle({ ...session, endedAt: clock.wallMs() });
    // Eight of fifteen minutes are used, and ten are asked for.
    await assert.rejects(gate.admit(call), { code: 'outbound.budget' });
  });

  test(`${redis.kind}: a call that was handed on gives nothing of its price back: it goes on without us, and the budget let as many more be placed`, async () => {
    const clock = new VirtualClock();
    const connection = await fresh();
    const gate = gateOf(connection, clock, { budget: 0.15 });
    await gate.admit(call);
    const at = clock.wallMs();
    const session = { id: 's', createdAt: at, connectedAt: at, minutePrice: gate.minutePrice(BERLIN) } as Session;
    await clock.advance(60_000);
    const ended = { ...session, status: 'disconnected', endedAt: clock.wallMs(), endReason: 'transferred' } as const;
    await budgetOf(connection, clock).settle(ended);
    await assert.rejects(gate.admit(call), { code: 'outbound.budget' });
  });

  test(`${redis.kind}: a call that was answered after it had been given up gives back no more than it was counted for`, async () => {
    const clock = new VirtualClock();
    const connection = await fresh();
    // Two calls of ten minutes at 0.01, and nothing over.
    const gate = gateOf(connection, clock, { budget: 0.2 });
    await gate.admit(call);
    await gate.admit(call);
    const endedAt = clock.wallMs();
    const minutePrice = gate.minutePrice(BERLIN);
    const session = { id: 's', createdAt: endedAt, endedAt, connectedAt: endedAt + 90_000, minutePrice } as Session;
    await budgetOf(connection, clock).settle({ ...session, status: 'failed' });
    await assert.rejects(gate.admit(call), { code: 'outbound.budget' }, 'a minute of it was begun');
  });

  test(`${redis.kind}: nobody’s number stands in a key`, async () => {
    const connection = await fresh();
    await gateOf(connection, new VirtualClock(), { budget: 10 }).admit(call);
    const keys = await connection.keys('*');
    assert.equal(keys.length, 5);
    assert.ok(keys.every((key) => key.startsWith('parley:outbound:') && !key.includes('3012345678')));
    for (const key of keys) assert.ok((await connection.pttl(key)) > 0, key);
  });
}

test('without Redis nothing is let through, and nobody waits longer than for any other command', async () => {
  const away = connectRedis('redis://127.0.0.1:9', log, { commandTimeoutMs: 100 });
  const gate = gateOf(away, new VirtualClock(), {});
  await assert.rejects(gate.admit({ number: BERLIN, client: 'a' }), { code: 'redis.unavailable', status: 503 });
  // What is never called is told all the same.
  await assert.rejects(gate.admit({ number: '+19002345678', client: 'a' }), { code: 'outbound.number-type' });
  away.disconnect();
});

test('a list of prices that is none is refused by its name, with what is wrong', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'prices-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'prices.json');
  for (const [text, wrong] of [
    ['{', /JSON/],
    ['{}', /no price/],
    ['{"+49": 1}', /\+49/],
    ['{"49": -1}', /49/],
    ['{"49": "1"}', /49/],
  ] as const) {
    writeFileSync(file, text);
    assert.throws(() => OutboundPrices.read(file), { code: 'config.invalid', message: /^OUTBOUND_PRICES: / });
    assert.throws(() => OutboundPrices.read(file), { message: wrong });
  }
  assert.throws(() => OutboundPrices.read(join(folder, 'none.json')), {
    code: 'config.invalid',
    message: /none\.json/,
  });
  writeFileSync(file, '{"49": 0.012, "4915": 0.09, "1": 0}');
  const prices = OutboundPrices.read(file);
  assert.deepEqual(
    ['+493012345678', '+4915123456789', '+12125550123', '+33612345678'].map((number) => prices.perMinute(number)),
    [12_000, 90_000, 0, undefined],
  );
});
