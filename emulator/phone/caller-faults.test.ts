import assert from 'node:assert/strict';
import { test } from 'node:test';
import { call, utterance } from './testing/agent-call.ts';

test('the caller who lets something fail', { concurrency: true }, async (t) => {
  await Promise.all([
    t.test('has fail what it was told, until the call is over, and says what was in force', async (t) => {
      const { caller, events, find, disturbances } = await call(
        t,
        {},
        { utterances: [utterance('one')] },
        undefined,
        'model=down,voice=slow:1s@100ms-300ms,acs=down@1m',
      );
      await caller.run();
      assert.deepEqual(
        find('fault').map(({ fault, state }) => `${fault} ${state}`),
        ['model=down on', 'voice=slow:1s on', 'voice=slow:1s off', 'model=down off'],
      );
      const [told] = find('faults');
      assert.deepEqual(
        told?.faults.map(({ fault, felt, untilMs }) => [fault, felt, untilMs === undefined]),
        [
          ['model=down', 0, false],
          ['voice=slow:1s', 0, false],
        ],
      );
      assert.equal(told?.isOnRecord, true);
      assert.ok((told?.longestSilenceMs ?? 0) > 100);
      assert.ok(
        events.findIndex(({ event }) => event === 'fault') < events.findIndex(({ event }) => event === 'dialling'),
      );
      assert.deepEqual(disturbances.status, []);
    }),

    t.test(
      'leaves nothing that fails where it is told to hang up, and calls nobody where it cannot fail',
      async (t) => {
        const hangUp = new AbortController();
        const { caller, find, disturbances } = await call(
          t,
          { greetingMs: 20_000 },
          { utterances: [utterance('one')] },
          hangUp.signal,
          'model=down',
        );
        setTimeout(() => hangUp.abort(), 300);
        await caller.run();
        assert.deepEqual([find('faults').length, disturbances.status], [1, []]);
        const wrong = await call(t, {}, { utterances: [] }, undefined, 'model=wobbly');
        await assert.rejects(wrong.caller.run(), /^ConfigError: --fault: model cannot be "wobbly"/);
        assert.deepEqual([wrong.find('dialling'), wrong.find('faults')], [[], []]);
      },
    ),

    t.test('stays on the line until what failed for a while is heard to work again, and says so', async (t) => {
      const script = { utterances: [utterance('one')] };
      // Its remark comes when all is said.
      const late = { remarksAfterMs: 4_000 };
      const { caller, events, find } = await call(t, late, script, undefined, 'stream-host=slow:1ms@100ms-1s');
      await caller.run();
      assert.deepEqual(
        find('stays').map(({ untilMs }) => untilMs),
        [6_000],
      );
      const said = events.map((event) => (event.event === 'transcript' ? JSON.stringify(event.line) : event.event));
      assert.match(said.slice(said.indexOf('stays')).join('\n'), /Take your time/);
    }),

    t.test('says that nobody can tell what was said, and tells it with its times later (stranger17 3)', async (t) => {
      const { caller, events, find } = await call(
        t,
        { unreadUntilOver: true },
        { utterances: [utterance('one')] },
        undefined,
        'redis=down',
      );
      await caller.run();
      assert.equal(find('unread').length, 1);
      const kinds = events.map((event) => (event.event === 'transcript' ? event.line.role : event.event));
      const late = kinds.slice(kinds.indexOf('read-late'));
      assert.deepEqual(late.slice(0, 5), ['read-late', 'agent', 'caller', 'tool', 'agent']);
      assert.equal(find('faults')[0]?.isOnRecord, true);
      assert.deepEqual(
        find('faults')[0]?.faults.map(({ felt }) => felt),
        [0],
      );
    }),

    t.test('names what fails where it was not answered, and what to do (stranger17 13)', async (t) => {
      const script = { utterances: [utterance('one')] };
      const { caller } = await call(t, { refuses: true }, script, undefined, 'redis=down');
      await assert.rejects(
        caller.run(),
        /^CallFailed: The call was not answered: The functions refused the call: HTTP 503\. That is as --fault wants it: Redis is down\. To be answered first, .*\(redis=down@10s\), .*\(redis=down@ringing-5s\)\.$/,
      );
    }),
  ]);
});
