import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { DependencyError } from '../../shared/errors.ts';
import { Breaker } from '../../shared/providers/breaker.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import type { OpenRealtime, RealtimeEvents, RealtimeSession } from '../contract/realtime.ts';
import { guardedRealtime } from './guarded-realtime.ts';

const nothing = () => {};
const session: RealtimeSession = {
  rateHz: 24_000,
  speaksVerbatim: true,
  expiresAtMs: undefined,
  audio: nothing,
  typed: nothing,
  restore: nothing,
  respond: () => 'r',
  cancel: nothing,
  truncate: nothing,
  toolResult: nothing,
  close: nothing,
};

function bench() {
  const clock = new VirtualClock();
  const breaker = new Breaker({ provider: 'realtime', clock, random: () => 1 });
  const opened: Pick<RealtimeEvents, 'onReady' | 'onClosed'>[] = [];
  const open: OpenRealtime = (_, events) => {
    opened.push(events);
    return session;
  };
  const guarded = guardedRealtime({ open, rateHz: () => 24_000 }, breaker, clock);
  const closed: string[] = [];
  const options = {
    log: pino({ level: 'silent' }),
    brief: { instructions: '', locale: 'en-US', voice: '', tools: [], settings: {} },
    rateHz: 24_000,
    createResponse: false,
    interruptResponse: false,
  } as const;
  const events = new Proxy({} as RealtimeEvents, {
    get: (_, name) =>
      name === 'onClosed' ? (error: DependencyError, final: boolean) => closed.push(`${error.code} ${final}`) : nothing,
  });
  return { clock, breaker, opened, closed, call: () => guarded(options, events) };
}

test('after three sessions that failed a call is told at once, and for good, and no session is opened', async () => {
  const { clock, breaker, opened, closed, call } = bench();
  for (let n = 0; n < 3; n++) {
    call();
    opened[n]?.onClosed(new DependencyError('realtime.unreachable', 'gone'), false);
  }
  assert.equal(breaker.state, 'open');
  closed.length = 0;
  const away = call();
  assert.equal(closed.length, 0, 'never before it has returned');
  away.audio(new Uint8Array(2));
  await clock.advance(0);
  assert.deepEqual(closed, ['realtime.away true']);
  assert.equal(opened.length, 3);
});

test('a session that is not ready in time has failed; one that was ready and is lost later has not', async () => {
  const { clock, breaker, opened, call } = bench();
  for (let n = 0; n < 3; n++) {
    call();
    opened[n]?.onReady();
    opened[n]?.onClosed(new DependencyError('realtime.lost', 'lost'), false);
  }
  await clock.advance(10_000);
  assert.equal(breaker.state, 'closed');
  for (let n = 0; n < 3; n++) call();
  await clock.advance(2_500);
  assert.equal(breaker.state, 'open');
});

test('callers who hang up before the service is ready keep it from nobody (read once more)', async () => {
  const { clock, breaker, opened, call } = bench();
  for (let n = 0; n < 4; n++) {
    const session = call();
    await clock.advance(500);
    session.close();
    session.close();
    await clock.advance(5_000);
  }
  assert.equal(breaker.state, 'closed');
  assert.equal(opened.length, 4);
});
