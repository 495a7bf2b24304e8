import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { pino } from 'pino';
import type { DependencyBoard } from '../../shared/health/dependency-board.ts';
import { connectRedis } from '../../shared/sessions/connect.ts';
import { SessionStore } from '../../shared/sessions/session-store.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { listening } from '../../shared/testing/listening.ts';
import { startRedisServer } from '../../start/redis-server.ts';
import { FaultyLine } from '../../test/testing/faulty-line.ts';
import { boardWith, goodSettings, type Settings, startServices } from './testing/services-under-test.ts';

/** Half a minute is 300 ms here, and the time that a service has 1.5 s. */
const RHYTHM = { everyMs: 300, limitMs: 1_500, thoroughEveryMs: 1_000 };
const NAMES = [
  'redis',
  'acs',
  'acs-keys',
  'speech-recognition',
  'speech-synthesis',
  'chat-model',
  'realtime',
  'call-records',
  'stream-hosts',
] as const;
type States = Readonly<Record<(typeof NAMES)[number], string>>;

const closing: (() => unknown)[] = [];
after(async () => {
  for (const close of closing.reverse()) await close();
});
const services = await startServices((task) => void closing.push(task));
const redis = await startRedisServer();
const skip = redis === undefined && 'no redis-server is on the path';
const redisUrl = new URL(redis?.url ?? 'redis://127.0.0.1:1');
closing.push(() => redis?.close());
const admin = connectRedis(redisUrl.href, pino({ level: 'silent' }));
closing.push(() => admin.disconnect());
const host = createServer((_, response) => response.end('{"status":"ready"}'));
const hostLine = await FaultyLine.to(await listening(host));
const redisLine = await FaultyLine.to(Number(redisUrl.port));
closing.push(() => {
  hostLine.close();
  redisLine.close();
  host.closeAllConnections();
  host.close();
});

const good = goodSettings(services.address, `redis://127.0.0.1:${redisLine.port}`, `http://127.0.0.1:${hostLine.port}`);
const hosts = new SessionStore(admin, { ttlSeconds: 60 }).hosts;
const EMULATED = ['acs', 'acs.keys', 'speech.recognition', 'speech.synthesis', 'openai', 'realtime', 'blob'] as const;
const emulated = (kind: 'none' | 'wrong_key' | 'wrong_name' | 'throttled' | 'down' | 'slow') =>
  services.outages.order(Object.fromEntries(EMULATED.map((name) => [name, kind])));

const all = (state: string): States =>
  Object.fromEntries(NAMES.map((name) => [name, state])) as Record<keyof States, string>;
const statesOf = (board: DependencyBoard) =>
  Object.fromEntries(board.reports().map(({ name, state }) => [name, state]));

async function becomes(board: DependencyBoard, wanted: States): Promise<void> {
  await eventually(() => JSON.stringify(statesOf(board)) === JSON.stringify(wanted)).catch(() => {});
  assert.deepEqual(statesOf(board), wanted);
  for (const { state, advice, name } of board.reports()) {
    if (state === 'accepted') continue;
    assert.match(
      advice ?? '',
      /[A-Z]{3,}_[A-Z_]+|quota|limits|replica|Nothing for one|Try again|STREAM_HOST/,
      `${name} says what to do`,
    );
    assert.doesNotMatch(
      JSON.stringify(board.reports()),
      /127\.0\.0\.1|invalid|the-right|key=/,
      'no address, no secret',
    );
  }
}

const mend = async () => {
  emulated('none');
  await admin.config('SET', 'requirepass', '');
  redisLine.become('none');
  hostLine.become('none');
  await hosts.announce('host-1', { sessions: 0, maxSessions: 1 }, 600_000);
};

test('each of the services is accepted, by what it really does; while it works no longer it has the word for that, and then is accepted again', {
  skip,
}, async (context) => {
  await mend();
  const board = boardWith(context, good, RHYTHM);
  await becomes(board, all('accepted'));
  assert.equal(board.admitted, true);

  const faults: readonly (readonly [name: string, begin: () => unknown, states: States])[] = [
    [
      'wrong key',
      async () => {
        emulated('wrong_key');
        hostLine.become(401);
        await admin.config('SET', 'requirepass', 'another');
        redisLine.become('none');
      },
      all('refused'),
    ],
    [
      'wrong name',
      () => {
        emulated('wrong_name');
        hostLine.become(404);
      },
      { ...all('refused'), redis: 'accepted' },
    ],
    [
      'down',
      () => {
        emulated('down');
        hostLine.become('down');
        redisLine.become('down');
      },
      all('unreachable'),
    ],
    [
      'slow',
      () => {
        emulated('slow');
        hostLine.become('slow');
        redisLine.become('slow');
      },
      all('unreachable'),
    ],
    [
      'throttled',
      () => {
        emulated('throttled');
        hostLine.become(503);
      },
      { ...all('throttled'), redis: 'accepted', 'stream-hosts': 'unreachable' },
    ],
  ];
  for (const [name, begin, states] of faults) {
    await begin();
    await context.test(`${name}: told, degraded and ready as before`, async () => {
      await becomes(board, states);
      assert.deepEqual([board.admitted, board.degraded], [true, true]);
    });
    await mend();
    await becomes(board, all('accepted'));
  }
});

test('a process that starts with wrong keys, or with names of what is not there, is told which, and is not ready', {
  skip,
}, async (context) => {
  await mend();
  await admin.config('SET', 'requirepass', 'right');
  const wrongKeys: Settings = {
    ...good,
    redisUrl: good.redisUrl.replace('//', '//:wrong@'),
    accessKey: Buffer.from('another key').toString('base64'),
    speechKey: 'another',
    modelKey: 'another',
    realtimeKey: 'another',
    storageToken: 'another',
  };
  const withKeys = boardWith(context, wrongKeys, RHYTHM);
  // Public documents have no key, and hosts have none of ours.
  await becomes(withKeys, { ...all('refused'), 'acs-keys': 'accepted', 'stream-hosts': 'unreachable' });
  assert.equal(withKeys.admitted, false);
  withKeys.close();
  await mend();

  const nobody = 'no-such-name.invalid';
  const wrongNames: Settings = {
    ...good,
    redisUrl: `redis://${nobody}:6379`,
    acsAddress: nobody,
    jwksUrl: `http://${nobody}/calling/keys`,
    speechHost: `ws://${nobody}`,
    realtimeModel: 'no-such-model',
    recordsUrl: good.recordsUrl.replace('call-records', 'no-such-container'),
    streamHostUrl: `http://${nobody}`,
  };
  services.outages.order({ openai: 'wrong_name' });
  const withNames = boardWith(context, wrongNames, RHYTHM);
  const missing = { 'chat-model': 'refused', realtime: 'refused', 'call-records': 'refused' };
  await becomes(withNames, { ...all('unreachable'), ...missing });
  assert.equal(withNames.admitted, false);
});

test('a model that cannot be reached, or refuses the key, is told when the host starts (5.2-10)', async (context) => {
  await mend();
  const board = boardWith(context, { ...good, modelKey: 'another' }, RHYTHM);
  await eventually(() => board.find('chat-model')?.state === 'refused');
  assert.match(board.find('chat-model')?.report().advice ?? '', /AZURE_OPENAI_API_KEY/);
});

test('a second provider has a line of its own, and one that is refused keeps no host from becoming ready; calls are kept from what fails', {
  skip,
}, async (context) => {
  await mend();
  const seconds = {
    SPEECH_FALLBACK_HOST: good.speechHost,
    SPEECH_FALLBACK_KEY: 'another',
    AZURE_OPENAI_FALLBACK_BASE_URL: good.modelUrl,
    AZURE_OPENAI_FALLBACK_API_KEY: good.modelKey,
  };
  const board = boardWith(context, good, RHYTHM, seconds);
  const refused = { 'speech-recognition-fallback': 'refused', 'speech-synthesis-fallback': 'refused' };
  const wanted = { ...all('accepted'), ...refused, 'chat-model-fallback': 'accepted' };
  await eventually(() => isDeepStrictEqual(statesOf(board), wanted));
  assert.deepEqual([board.admitted, board.degraded], [true, true]);

  const breakerOf = (name: string) => board.find(name)?.report().breaker;
  assert.deepEqual([breakerOf('chat-model'), breakerOf('redis')], ['closed', undefined]);
  await eventually(() => breakerOf('speech-synthesis-fallback') === 'open');
  emulated('down');
  await eventually(() => breakerOf('chat-model') === 'open' && breakerOf('realtime') === 'open');
  await mend();
  await eventually(() => breakerOf('chat-model') === 'closed' && breakerOf('realtime') === 'closed');
});
