import assert from 'node:assert/strict';
import { test } from 'node:test';
import { abilitiesOf, decodeAbilities, encodeAbilities } from './agent-abilities.ts';
import { redisesUnderTest } from './testing/redis.ts';

// Before the first test: what a file registers behind a wait that follows a test may come when the file is over.
const redises = await redisesUnderTest();
const orders = { recording: 'spoken', inputs: ['pin', 'order-number'] } as const;

test('what agents can do is read as it was written, and what nobody can read is left out', () => {
  const all = { orders, 'très: chic, oui': { recording: 'none', inputs: [] } } as const;
  assert.deepEqual(decodeAbilities(encodeAbilities(all)), all);
  assert.deepEqual(decodeAbilities(`${encodeAbilities({ orders })}x:loud,%:none,`), { orders });
  assert.deepEqual(decodeAbilities(''), {});
});

test('an agent can do what it can at some host; where one that may have it does not tell, nobody knows', () => {
  const more = { agents: ['orders'], abilities: { orders: { recording: 'none', inputs: ['code'] } } } as const;
  const host = { agents: ['orders', 'chef'], abilities: { orders } };
  assert.deepEqual(abilitiesOf('orders', [host, more]), {
    recording: 'spoken',
    inputs: ['pin', 'order-number', 'code'],
  });
  for (const silent of [{}, { agents: ['orders'] }]) assert.equal(abilitiesOf('orders', [host, silent]), undefined);
  assert.deepEqual(abilitiesOf('orders', [host, { agents: ['chef'] }]), orders);
  for (const unknown of ['chef', 'nobody', 'toString']) assert.equal(abilitiesOf(unknown, [host]), undefined);
});

for (const underTest of redises) {
  test(`${underTest.kind}: hosts tell what their agents can do, with a release or without one`, async () => {
    const { hosts } = underTest.store();
    const load = { sessions: 0, maxSessions: 1, agents: ['orders'], modes: [], abilities: { orders } };
    await hosts.announce('a', load, 60_000);
    assert.deepEqual(await hosts.offers(), [{ agents: ['orders'], modes: [], agentModes: {}, abilities: { orders } }]);
    await hosts.announce('a', { ...load, release: '1.2 b' }, 60_000);
    const [{ release, abilities } = {}] = await hosts.all();
    assert.deepEqual([release, abilities], ['1.2 b', { orders }]);
    assert.equal(await hosts.reserve('one', { agent: 'orders', mode: 'media' }, 1000), 'mode-unknown');
  });
}
