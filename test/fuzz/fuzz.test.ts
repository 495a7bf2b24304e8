import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { pino } from 'pino';
import { MEDIA_TOKEN_SECONDS } from '../../emulator/acs/token-issuer.ts';
import { startFunctions } from '../../functions/testing/functions-under-test.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { acsTokens, phoneSession, redisForTests, startHost } from '../../stream-host/testing/host-under-test.ts';
import { fuzzDecoders } from './decoder-run.ts';
import { fuzzSockets } from './sockets.ts';
import { fuzzWebhooks } from './webhooks.ts';

/** A little of `npm run fuzz`, which does ten million and a million of these. */

const redis = await redisForTests();

test('damaged inputs are read or refused by everything that reads what comes from outside', async () => {
  const { crashes, read, refused } = await fuzzDecoders({ inputs: 20_000, seed: 'test' });
  assert.deepEqual(crashes, []);
  assert.ok(read > 3000 && refused > 300, `${read} were read, ${refused} refused`);
});

test('damaged frames and handshakes at every socket leave no fault, no socket and no key that stays, and a call beside them goes on', async () => {
  const faults: string[] = [];
  const write = (line: string) => {
    if (/"code":"internal"|listener failed/.test(line)) faults.push(line);
  };
  const host = await startHost(redis.url, {
    log: pino({ level: 'warn' }, { write }),
    maxSessions: 60,
    trustedProxyHops: 1,
    ticketRules: { requireTickets: true },
  });
  await host.store.create(phoneSession('good'));
  const good = await host.phone('call-good', 'good');
  const line = good.startCall();
  await good.untilKind('AudioData');
  const { frames, fates } = await fuzzSockets(
    {
      hostUrl: host.http,
      mediaToken: () => acsTokens.sign(MEDIA_TOKEN_SECONDS),
      ticket: host.ticket,
      newCall: async () => (await host.store.create(phoneSession(randomUUID()))).id,
    },
    { frames: 4000, perSecond: 2000, seed: 'test', valid: false, workers: 8 },
  );
  assert.ok(frames >= 4000);
  assert.ok(fates['closed 4400'], `${JSON.stringify(fates)}: damaged frames close a socket`);
  assert.deepEqual(faults, []);
  const from = good.messages.length;
  line.say(400);
  await good.untilKind('AudioData', from);
  await eventually(() => host.live.count === 1);
  const keys = await host.redis.keys('*');
  const lives = await Promise.all(keys.map(async (key) => [key, await host.redis.pttl(key)] as const));
  assert.deepEqual(
    lives.filter(([, lifeMs]) => lifeMs === -1),
    [],
  );
});

test('damaged bodies at every webhook are answered, and never with a fault', async () => {
  const functions = await startFunctions();
  try {
    await functions.announce({ sessions: 0, maxSessions: 1000 });
    const { id } = await functions.store.create(phoneSession('hooked'));
    const { problems, statuses } = await fuzzWebhooks(
      { functionsUrl: functions.baseUrl, sessionId: id, callbackToken: () => functions.acs.tokens.sign(300) },
      { bodies: 600, perSecond: 500, seed: 'test', valid: false, workers: 4 },
    );
    assert.deepEqual(problems, []);
    assert.ok(Object.keys(statuses).length >= 6, JSON.stringify(statuses));
  } finally {
    await functions.close();
  }
});
