import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Redis } from 'ioredis';
import { METRICS_SOON, metricsOf, traceOf } from './telemetry/whole-traces.ts';
import { RedisWatch } from './testing/redis-watch.ts';
import { RunningStack } from './testing/running-stack.ts';

const PIN = '48271593';
const WRONG = ['17395628', '60917254'];

/** `account` is what the caller says: a recogniser hears it better than "PIN". */
const AGENT = `name: pin
greeting: Hello, this is the bank.
prompt: You are a bank.
call_tools:
  collect_keys:
    inputs:
      account:
        about: the PIN of the account
        least: 8
        most: 8
        attempts: 3
        secret: true
        prompt: Please enter your PIN, and then the hash key.
        retry: That is not right. Please try again.
        one_of: ['${PIN}']
      order:
        about: the number of an order
        least: 4
        most: 4
        prompt: Please enter the number of your order.
  hang_up: {}
`;

let folder: string;
let stack: RunningStack;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parley-keys-'));
  await writeFile(path.join(folder, 'pin.yaml'), AGENT);
  stack = await RunningStack.start({
    SPEECH_MODEL: 'by-heart',
    ...METRICS_SOON,
    AGENTS_FOLDER: folder,
    DEFAULT_AGENT: 'pin',
    CALL_RECORDS_DIR: path.join(folder, 'records'),
    RECORD_AUDIO: 'true',
    LOG_LEVEL: 'debug',
    LOG_TRANSCRIPTS: 'true',
  });
});

after(async () => {
  await stack.close();
  await rm(folder, { recursive: true });
});

test('a PIN that is wrong twice and right the third time stands nowhere: log, Redis, record, emulator', async (context) => {
  const redis = new Redis(stack.redisUrl);
  context.after(() => redis.disconnect());
  const watch = await RedisWatch.start(stack.redisUrl);
  context.after(() => watch.close());

  const { exitCode, events, problems } = await stack.call(
    ...['--say', 'Please collect the keys of my account.'],
    ...['--keys', `${WRONG[0]}#`, '--keys', `${WRONG[1]}#`, '--keys', `${PIN}#`],
  );
  assert.equal(exitCode, 0, problems);
  const id = String(events.find(({ event }) => event === 'connected')?.callConnectionId);
  const call = await stack.getJson(`${stack.functionsUrl}/api/v1/calls/${id}`);

  const timeline = call.events as readonly {
    readonly type: string;
    readonly data: Readonly<Record<string, unknown>>;
  }[];
  const of = (type: string) => timeline.filter((event) => event.type === type).map(({ data }) => data);
  assert.deepEqual(of('keys.attempted'), [
    { name: 'account', attemptsLeft: 2 },
    { name: 'account', attemptsLeft: 1 },
  ]);
  assert.deepEqual(of('keys.collected'), [{ name: 'account', status: 'right', attempts: 3 }]);
  assert.deepEqual(of('caller.pressed'), []);
  const transcript = JSON.stringify(call.transcript);
  assert.match(transcript, /"tool":"collect_keys"[^}]*\}[^}]*"status":"right"/);

  const commands = watch.seen.map(({ command }) => command.join(' '));
  const places: [place: string, text: string][] = [
    ['the log', stack.log.join('\n')],
    ['what was sent to Redis', commands.join('\n')],
    ['what Redis holds', await dumpOf(redis)],
    ['the call', JSON.stringify(call)],
    ['its trace', JSON.stringify(await traceOf(stack.emulatorUrl, String(call.session_id)))],
    ['metrics', JSON.stringify(await metricsOf(stack.emulatorUrl))],
    ['the emulator', JSON.stringify(await stack.getJson(`${stack.emulatorUrl}/emulator/status`))],
    ...(await filesOf(path.join(folder, 'records'))),
  ];
  assert.ok(commands.length > 50, 'Redis was watched');
  for (const [place, text] of places) {
    for (const digits of [PIN, ...WRONG]) assert.ok(!text.includes(digits), `${digits} is in ${place}`);
  }
});

test('keys that are no secret are told by the media stream and by events of the carrier, and count once', async () => {
  const { exitCode, events, problems } = await stack.call(
    ...['--say', 'Please collect the keys of my order.', '--keys', '1422'],
  );
  assert.equal(exitCode, 0, problems);
  const id = String(events.find(({ event }) => event === 'connected')?.callConnectionId);
  const call = await stack.getJson(`${stack.functionsUrl}/api/v1/calls/${id}`);
  const timeline = call.events as readonly {
    readonly type: string;
    readonly data: Readonly<Record<string, unknown>>;
  }[];
  assert.equal(timeline.filter(({ type }) => type === 'acs.ContinuousDtmfRecognitionToneReceived').length, 4);
  const collected = timeline.find(({ type }) => type === 'keys.collected');
  assert.deepEqual(collected?.data, { name: 'order', status: 'right', attempts: 1 });
  assert.match(JSON.stringify(call.transcript), /"keys":"1422"/);
  assert.doesNotMatch(JSON.stringify(call.transcript), /pressed/);
});

/** All keys and values. */
async function dumpOf(redis: Redis): Promise<string> {
  const parts: string[] = [];
  for (const key of await redis.keys('*')) {
    const type = await redis.type(key);
    const value =
      type === 'hash'
        ? await redis.hgetall(key)
        : type === 'list'
          ? await redis.lrange(key, 0, -1)
          : type === 'stream'
            ? await redis.xrange(key, '-', '+')
            : type === 'zset'
              ? await redis.zrange(key, '0', '-1')
              : type === 'set'
                ? await redis.smembers(key)
                : await redis.get(key);
    parts.push(key, JSON.stringify(value));
  }
  return parts.join('\n');
}

async function filesOf(place: string): Promise<[string, string][]> {
  const names = await readdir(place, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = names.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  return Promise.all(files.map(async (file): Promise<[string, string]> => [file, await readFile(file, 'latin1')]));
}
