import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { ClientLimits } from './client-limits.ts';

const limits = () => {
  const clock = new VirtualClock();
  return { clock, clients: new ClientLimits({ clock, maxSessions: 3, opensPerMinute: 10 }) };
};
const isLetIn = (admitted: unknown) => typeof admitted === 'function';

test('one client has so many sessions at a time, and another has its own', () => {
  const { clients } = limits();
  const first = clients.admit('a');
  assert.ok(isLetIn(first) && isLetIn(clients.admit('a')) && isLetIn(clients.admit('a')));
  assert.equal(clients.admit('a'), 'too-many');
  assert.ok(isLetIn(clients.admit('b')));
  if (typeof first === 'function') {
    first();
    first();
  }
  assert.ok(isLetIn(clients.admit('a')));
  assert.equal(clients.admit('a'), 'too-many');
});

test('a client that opens and closes without end is stopped at the limit of a minute (sessionFlood)', async () => {
  const { clock, clients } = limits();
  let opened = 0;
  for (let i = 0; i < 1698; i++) {
    const admitted = clients.admit('flood');
    if (typeof admitted === 'function') {
      opened += 1;
      admitted();
    } else assert.equal(admitted, 'too-often');
    await clock.advance(25_000 / 1698);
  }
  assert.equal(opened, 14);
  await clock.advance(60_000);
  assert.ok(isLetIn(clients.admit('flood')));
});

test('clients are forgotten when there are too many, but not those that have sessions', () => {
  const { clients } = limits();
  const admitted = clients.admit('talks');
  for (let i = 0; i < 10; i++) {
    const once = clients.admit('gone');
    if (typeof once === 'function') once();
  }
  assert.equal(clients.admit('gone'), 'too-often');
  for (let i = 0; i < 20_000; i++) {
    const other = clients.admit(`other-${i}`);
    if (typeof other === 'function') other();
  }
  assert.ok(isLetIn(clients.admit('gone')));
  assert.ok(isLetIn(admitted));
  assert.ok(isLetIn(clients.admit('talks')) && isLetIn(clients.admit('talks')));
  assert.equal(clients.admit('talks'), 'too-many');
});
