import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { listening } from '../shared/testing/listening.ts';
import { VirtualClock } from '../shared/virtual-clock.ts';
import { openProviders, type ProvidersOptions } from './open-providers.ts';

/** A server that answers nothing well, and notes who asks. */
async function server(context: TestContext) {
  const asked: string[] = [];
  const http = createServer((request, response) => {
    asked.push(`${request.headers.authorization}`);
    response.writeHead(500).end();
  });
  const port = await listening(http);
  context.after(() => {
    http.closeAllConnections();
    http.close();
  });
  return { asked, url: `http://127.0.0.1:${port}/openai/v1` };
}

function opened(context: TestContext, config: Partial<ProvidersOptions['config']>) {
  const lines: { msg: string }[] = [];
  const providers = openProviders({
    config: {
      AZURE_OPENAI_BASE_URL: 'http://127.0.0.1:1/openai/v1',
      AZURE_OPENAI_API_KEY: 'first-key',
      AZURE_OPENAI_DEPLOYMENT: 'first',
      SPEECH_HOST: 'ws://127.0.0.1:1',
      SPEECH_KEY: 'first-key',
      MAX_SESSIONS: 1,
      ...config,
    },
    credential: { getToken: async () => ({ token: 'of-the-identity', expiresOnTimestamp: 0 }) },
    aiToken: async () => 'of-the-identity',
    clock: new VirtualClock(),
    random: () => 1,
    log: pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) }),
    warm: 0,
  });
  context.after(() => providers.close());
  return { providers, lines };
}

test('without settings of a second one there is one of each', (context) => {
  const { providers } = opened(context, {});
  const names = [providers.models, providers.hearing, providers.voices].map(({ all }) => all.map(({ name }) => name));
  assert.deepEqual(names, [['chat-model'], ['speech-recognition'], ['speech-synthesis']]);
});

test('a second deployment alone is of the same resource and key; another resource has its own key, or the identity', async (context) => {
  const [first, second] = await Promise.all([server(context), server(context)]);
  const base = { AZURE_OPENAI_BASE_URL: first.url };
  const ask = async (config: Partial<ProvidersOptions['config']>) => {
    const [, model] = opened(context, { ...base, ...config }).providers.models.all;
    assert.ok(model);
    await assert.rejects(async () => model.service.client.models.list());
    return model.service.deployment;
  };
  assert.equal(await ask({ AZURE_OPENAI_FALLBACK_DEPLOYMENT: 'small' }), 'small');
  assert.deepEqual([first.asked, second.asked], [['Bearer first-key'], []]);

  const AZURE_OPENAI_FALLBACK_BASE_URL = second.url;
  assert.equal(await ask({ AZURE_OPENAI_FALLBACK_BASE_URL }), 'first');
  assert.equal(await ask({ AZURE_OPENAI_FALLBACK_BASE_URL, AZURE_OPENAI_FALLBACK_API_KEY: 'other-key' }), 'first');
  assert.deepEqual(second.asked, ['Bearer of-the-identity', 'Bearer other-key'], 'no key goes to another resource');
});

test('a second region hears and speaks by its own key, or by the identity', (context) => {
  const SPEECH_FALLBACK_HOST = 'ws://127.0.0.1:2';
  const proofs = [{ SPEECH_FALLBACK_KEY: 'other-key' }, {}].map((key) => {
    const { hearing, voices } = opened(context, { SPEECH_FALLBACK_HOST, ...key }).providers;
    assert.equal(voices.all.length, 2);
    assert.equal(hearing.all[1]?.service.host, SPEECH_FALLBACK_HOST);
    return typeof hearing.all[1]?.service.proof;
  });
  assert.deepEqual(proofs, ['string', 'object']);
});

test('the log has a line for the beginning of an outage and one for its end, however many calls meet it', async (context) => {
  const { providers, lines } = opened(context, {});
  const [{ breaker }] = providers.models.all;
  for (let n = 0; n < 10; n++) breaker.enter()?.failed('model.unreachable');
  const { length } = lines.filter(({ msg }) => msg.startsWith('a provider fails'));
  assert.equal(length, 1);
  await breaker.watch(async () => ({}))({ signal: new AbortController().signal, thorough: true });
  assert.equal(lines.at(-1)?.msg, 'a provider works again');
});
