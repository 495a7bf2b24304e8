import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { DEFAULT_PORTS, localEnvironment } from './environment.ts';
import { prepareIdentity, withoutKeys } from './identity.ts';
import { requireGoodSettings } from './settings.ts';

async function environment(t: TestContext, given: Record<string, string> = {}) {
  const root = await mkdtemp(path.join(tmpdir(), 'parley-start-'));
  t.after(() => rm(root, { recursive: true }));
  const identity = await prepareIdentity(given, root, 10_001);
  const env = localEnvironment(given, DEFAULT_PORTS, given.REDIS_URL ?? 'redis://127.0.0.1:6379');
  return { root, env: withoutKeys(env, identity, DEFAULT_PORTS) };
}

test('a local stack with identity has no key in any environment, and its settings are good', async (t) => {
  const { root, env } = await environment(t);
  // What Application Insights calls a key says where telemetry goes, and opens nothing where identities are asked for.
  const names = Object.keys(env).filter((name) => /KEY|PASSWORD|(?<!INSIGHTS_)CONNECTION_STRING/.test(name));
  assert.deepEqual(names, []);
  assert.doesNotMatch(Object.values(env).join('\n'), /accesskey/i);
  requireGoodSettings(env);
  assert.equal(env.REDIS_URL, 'rediss://localhost:10001');
  assert.match(env.APPLICATIONINSIGHTS_CONNECTION_STRING ?? '', /IngestionEndpoint=https:\/\/localhost:8443\/;/);
  assert.equal(env.APPLICATIONINSIGHTS_AUTHENTICATION_STRING, 'Authorization=AAD');
  assert.match(await readFile(path.join(root, '.parley/trusted.pem'), 'utf8'), /BEGIN CERTIFICATE/);
});

test('whom the user trusts is trusted all the same, and the user’s Redis keeps its database', async (t) => {
  const own = path.join(await mkdtemp(path.join(tmpdir(), 'parley-ca-')), 'own.pem');
  await writeFile(own, 'the user’s certificate');
  const { env } = await environment(t, { NODE_EXTRA_CA_CERTS: own, REDIS_URL: 'redis://127.0.0.1:6379/3' });
  const trusted = await readFile(env.NODE_EXTRA_CA_CERTS ?? '', 'utf8');
  assert.match(trusted, /^the user’s certificate\n-----BEGIN CERTIFICATE/);
  assert.equal(env.REDIS_URL, 'rediss://localhost:10001/3');
});

test('a key that the user has set, and a Redis with a password, are refused by name', async (t) => {
  await assert.rejects(environment(t, { SPEECH_KEY: 'hunter2' }), /without any key: unset SPEECH_KEY/);
  await assert.rejects(environment(t, { REDIS_URL: 'redis://:hunter2@127.0.0.1' }), ({ message }: Error) => {
    assert.match(message, /REDIS_URL takes redis:\/\/host:port/);
    return !message.includes('hunter2');
  });
});

test('for a resource of the user’s own the local key is none: who is signed in here is asked for', () => {
  const given = {
    SPEECH_HOST: 'wss://speech.example',
    AZURE_OPENAI_BASE_URL: 'https://model.example/openai/v1',
    ACS_ENDPOINT: 'https://acs.example',
  };
  const env = localEnvironment(given, DEFAULT_PORTS, 'redis://127.0.0.1');
  assert.deepEqual(
    [env.SPEECH_KEY, env.AZURE_OPENAI_API_KEY, env.ACS_CONNECTION_STRING],
    [undefined, undefined, undefined],
  );
  requireGoodSettings(env);
});
