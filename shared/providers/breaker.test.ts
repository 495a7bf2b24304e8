import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DependencyError } from '../errors.ts';
import { TypedEvents } from '../typed-events.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { Breaker, type ProviderEvents } from './breaker.ts';

function breakerWith(options: { readonly random?: number } = {}) {
  const clock = new VirtualClock();
  const events = new TypedEvents<ProviderEvents>((_, error) => assert.fail(String(error)));
  const told: string[] = [];
  events.on('away', ({ provider, code }) => told.push(`${provider} away ${code}`));
  events.on('back', ({ provider }) => told.push(`${provider} back`));
  const breaker = new Breaker({ provider: 'p', clock, random: () => options.random ?? 1, events });
  return { clock, breaker, told };
}

const fails = (breaker: Breaker, times: number) => {
  for (let n = 0; n < times; n++) breaker.enter()?.failed('model.unreachable');
};

test('three failures in a row keep everybody out, and one success in between begins the count anew', () => {
  const { breaker, told } = breakerWith();
  fails(breaker, 2);
  breaker.enter()?.worked();
  fails(breaker, 2);
  assert.equal(breaker.state, 'closed');
  fails(breaker, 1);
  assert.equal(breaker.state, 'open');
  assert.equal(breaker.enter(), undefined);
  assert.equal(breaker.waitMs, 1_000);
  assert.deepEqual(told, ['p away model.unreachable']);
});

test('failures of calls side by side count together, and what nobody waited for says nothing', () => {
  const { breaker } = breakerWith();
  const attempts = [1, 2, 3, 4].map(() => breaker.enter());
  attempts[0]?.dropped();
  attempts[1]?.failed();
  attempts[1]?.failed();
  attempts[2]?.failed();
  assert.equal(breaker.state, 'closed');
  attempts[3]?.failed();
  assert.equal(breaker.state, 'open');
});

test('after the pause one request finds out, and nobody waits for it; its success lets all in', async () => {
  const { clock, breaker, told } = breakerWith();
  fails(breaker, 3);
  await clock.advance(1_000);
  const probe = breaker.enter();
  assert.ok(probe);
  assert.equal(breaker.enter(), undefined);
  assert.equal(breaker.waitMs, 250);
  probe.worked();
  assert.ok(breaker.enter());
  assert.deepEqual(told, ['p away model.unreachable', 'p back']);
});

test('pauses double up to five seconds, with jitter; a probe that nobody wanted any more makes room for the next; an outage is told once', async () => {
  const { clock, breaker, told } = breakerWith();
  fails(breaker, 3);
  const pauses: number[] = [];
  for (let n = 0; n < 5; n++) {
    pauses.push(breaker.waitMs);
    await clock.advance(breaker.waitMs);
    const probe = breaker.enter();
    if (n === 2) {
      probe?.dropped();
      assert.equal(breaker.waitMs, 0);
      breaker.enter()?.failed();
    } else probe?.failed();
  }
  assert.deepEqual(pauses, [1_000, 2_000, 4_000, 5_000, 5_000]);
  assert.deepEqual(told, ['p away model.unreachable']);

  const jittered = breakerWith({ random: 0 }).breaker;
  fails(jittered, 3);
  assert.equal(jittered.waitMs, 500);
});

test('a probe that tells nothing for ten seconds keeps no other from finding out', async () => {
  const { clock, breaker } = breakerWith();
  fails(breaker, 3);
  await clock.advance(1_000);
  const stuck = breaker.enter();
  await clock.advance(9_999);
  assert.equal(breaker.enter(), undefined);
  await clock.advance(1);
  const next = breaker.enter();
  assert.ok(next);
  stuck?.failed();
  assert.equal(breaker.state, 'probing', 'the late one is not the probe any more');
  next.worked();
  assert.equal(breaker.state, 'closed');
});

test('an answer that was asked for before lets all in as well', () => {
  const { breaker } = breakerWith();
  const early = breaker.enter();
  fails(breaker, 3);
  early?.worked();
  assert.equal(breaker.state, 'closed');
});

test('what the background check finds counts, where it did real work; while calls are kept out it is asked to', async () => {
  const { breaker } = breakerWith();
  const { signal } = new AbortController();
  let works = false;
  const asked: boolean[] = [];
  const check = breaker.watch(async ({ thorough }) => {
    asked.push(thorough);
    if (!works) throw new DependencyError('model.silent', 'nothing');
    return {};
  });
  for (let n = 0; n < 3; n++) await assert.rejects(check({ signal, thorough: false }), { code: 'model.silent' });
  assert.equal(breaker.state, 'open');
  works = true;
  await check({ signal, thorough: false });
  assert.equal(breaker.state, 'closed');
  assert.deepEqual(asked, [false, false, false, true]);

  fails(breaker, 2);
  await check({ signal, thorough: false });
  fails(breaker, 1);
  assert.equal(breaker.state, 'open', 'a connection that was made is no answer');
});
