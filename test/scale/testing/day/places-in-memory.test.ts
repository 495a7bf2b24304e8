import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { redisesUnderTest } from '../../../../shared/sessions/testing/redis.ts';
import { PlacesInMemory } from './places-in-memory.ts';

const LONG_MS = 600_000;
const host = fc.constantFrom('a', 'b', 'c');
const call = fc.constantFrom('1', '2', '3', '4', '5', '6');
const load = fc.record({ sessions: fc.nat({ max: 4 }), maxSessions: fc.nat({ max: 4 }) });
const offer = fc.record({ agents: fc.subarray(['orders', 'chef']), modes: fc.subarray(['media', 'voice_live']) });
const step = fc.oneof(
  fc.record({ deed: fc.constant('announce' as const), host, load, offer, arrived: fc.subarray(['1', '2', '3']) }),
  fc.record({
    deed: fc.constant('reserve' as const),
    call,
    agent: fc.constantFrom('orders', 'chef', 'nobody'),
    mode: fc.constantFrom('media', 'voice_live', 'none'),
  }),
  fc.record({ deed: fc.constant('give back' as const), call }),
  fc.record({ deed: fc.constant('spare' as const), host, load, arrived: fc.subarray(['1', '2', '3']) }),
);

for (const redis of await redisesUnderTest()) {
  test(`the places of the simulated day are those of Redis (${redis.kind})`, async () => {
    const raw = redis.connect();
    const { hosts } = redis.store();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        await raw.flushdb();
        const places = new PlacesInMemory({ now: () => 0 });
        for (const each of steps) {
          if (each.deed === 'announce') {
            const modes = each.offer.modes.map((name) => ({ name, rateHz: 16_000 as const }));
            const told = { ...each.load, agents: each.offer.agents, modes };
            await hosts.announce(each.host, told, LONG_MS, each.arrived);
            places.announce(each.host, told, LONG_MS, each.arrived);
          } else if (each.deed === 'reserve') {
            const real = await hosts.reserve(each.call, each, LONG_MS);
            assert.equal(await places.reserve(each.call, each, LONG_MS), real);
          } else if (each.deed === 'give back') {
            await hosts.giveBack(each.call);
            await places.giveBack(each.call);
          } else {
            const real = await hosts.spare(each.host, each.load, each.arrived);
            assert.equal(await places.spare(each.host, each.load, each.arrived), real);
          }
          assert.equal(await places.taken(), await hosts.taken());
          assert.equal(await places.count(), await hosts.count());
        }
      }),
      { numRuns: redis.kind === 'redis-server' ? 60 : 15 },
    );
  });
}
