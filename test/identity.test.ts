import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { builtStack } from './testing/built-stack.ts';
import { RunningStack } from './testing/running-stack.ts';
import { threeChances } from './testing/three-chances.ts';

/** The whole stack as it is deployed, without a key, with the real SDKs, on tokens that live for seconds. */
const TOKEN_SECONDS = 8;
let stack: RunningStack;
let folder: string;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parley-identity-'));
  const env = { EMULATOR_IDENTITY_TOKEN_SECONDS: String(TOKEN_SECONDS), SPEECH_MODEL: 'by-heart' };
  stack = await RunningStack.start(env, '--identity', ...(await builtStack(folder)).args);
});
after(async () => {
  await stack.close();
  await rm(folder, { recursive: true });
});

// biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects, and fails where it is not there
const status = async (): Promise<any> => stack.getJson(`${stack.emulatorUrl}/emulator/status`);

test(
  'calls go on while every token runs out several times: no key anywhere, nothing refused, no connection cut',
  threeChances(async () => {
    const from = stack.log.length;
    const startedMs = performance.now();
    const before = await status();
    const say = ['--say', 'What is the status of order 1042?', '--say', 'When are you open on Saturday?'];
    const [media, live] = await Promise.all([
      stack.call('--number', '+15550002001', ...say),
      stack.call('--number', '+15550002002', '--mode', 'voice_live', ...say),
    ]);
    // Whether each word was understood is not asked here.
    for (const { events, problems } of [media, live])
      assert.ok(!events.some(({ event }) => event === 'failed'), problems);
    const { identity, redis } = await status();
    const lives = (performance.now() - startedMs) / 1000 / TOKEN_SECONDS;
    assert.ok(lives > 3, `${lives} lives of a token are no trial`);
    assert.ok(redis.renewed - before.redis.renewed >= 6, JSON.stringify(redis));
    const fresh = [redis.refused - before.redis.refused, redis.cut - before.redis.cut];
    assert.deepEqual([...fresh, identity.refused - before.identity.refused], [0, 0, 0]);
    const wanted = ['https://communication.azure.com/', 'https://redis.azure.com'];
    const ofStreamHost = [...wanted, 'https://ai.azure.com', 'https://cognitiveservices.azure.com'];
    for (const [client, resources] of [
      ['local-functions', wanted],
      ['local-stream-host', ofStreamHost],
    ] as const) {
      for (const resource of resources) {
        const asked = identity.requests[resource]?.[client];
        assert.ok(asked > 0 || (client === 'local-stream-host' && resource === wanted[0]), `${resource} by ${client}`);
      }
    }
    const refusals = stack.log
      .slice(from)
      .filter((line) => /"status":40[13]|\brefused\b|NOAUTH|WRONGPASS|no token/i.test(line));
    assert.deepEqual(refusals, []);
  }),
);

test('no process has a key in its environment', { skip: process.platform !== 'linux' }, () => {
  assert.deepEqual(
    stack.log.filter((line) => line.includes('ended by itself')),
    [],
  );
  const pids = stack.log.flatMap(
    (line) => /started (?:emulator|functions|stream-host) .*"process":(\d+)/.exec(line)?.[1] ?? [],
  );
  assert.equal(pids.length, 3);
  for (const pid of pids) {
    const names = readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .map((entry) => entry.split('=')[0] ?? '');
    assert.ok(names.includes('REDIS_IDENTITY'));
    assert.deepEqual(
      names.filter((name) => /^(ACS|SPEECH|AZURE|EMULATOR|REDIS).*(KEY|CONNECTION_STRING|PASSWORD)/.test(name)),
      [],
    );
  }
});

test(
  'a renewal that fails is told by name, the call goes on with the old token, and then with the next',
  threeChances(async () => {
    const from = stack.log.length;
    const fails = await fetch(`${stack.emulatorUrl}/emulator/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ 'identity.refuse': { times: 2 } }),
    });
    assert.equal(fails.status, 200);
    await stack.logged(/a token of the identity could not be renewed/, from);
    await stack.logged(/there are tokens of the identity again/, from);
    const call = await stack.call('--number', '+15550002003', '--say', 'What is the status of order 1042?');
    assert.equal(call.exitCode, 0, call.problems);
  }),
);
