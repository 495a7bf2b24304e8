import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { OpenAiError } from '../../emulator/openai/chat-wire.ts';
import { systemClock } from '../../shared/clock.ts';
import type { ProviderEvents } from '../../shared/providers/breaker.ts';
import { Provider, Providers } from '../../shared/providers/provider.ts';
import type { Usage } from '../../shared/records/usage.ts';
import { TypedEvents } from '../../shared/typed-events.ts';
import type { Recorder } from '../contract/recorder.ts';
import { DeploymentTraits } from './deployment-traits.ts';
import { ModelResponder } from './model-responder.ts';
import type { ModelService } from './round-opener.ts';
import { CALLER, call, collect, say, startModel, testAgent, textOf } from './testing/language-model.ts';

const NEVER = new AbortController().signal;
/** Far below the product's own where a test waits for it, and far above where none should. */
const SOON_MS = 100;
const NEVER_LATE_MS = 60_000;

type Script = Parameters<typeof startModel>[1];

/** A responder that has two models, each a server of its own. */
async function twoModels(
  context: TestContext,
  first: Script,
  second: Script,
  { lateMs = NEVER_LATE_MS, firstTokenMs = [1, 1] }: { lateMs?: number; firstTokenMs?: [number, number] } = {},
) {
  const [a, b] = await Promise.all([
    startModel(context, first, { firstTokenMs: firstTokenMs[0] }),
    startModel(context, second, { firstTokenMs: firstTokenMs[1] }),
  ]);
  const events = new TypedEvents<ProviderEvents>((_, error) => assert.fail(String(error)));
  const switched: string[] = [];
  events.on('switched', ({ to, code }) => switched.push(`${to}: ${code ?? 'late'}`));
  const provider = (name: string, client: ModelService['client']) =>
    new Provider<ModelService>({
      ...{ provider: name, clock: systemClock, random: () => 1, events, usualMs: 50, lateMs },
      service: { client, deployment: name, traits: new DeploymentTraits() },
    });
  const models = new Providers([provider('first', a.client), provider('second', b.client)], events);
  const used: Usage[] = [];
  const served: string[] = [];
  const recorder: Recorder = {
    used: (usage) => used.push(usage),
    served: ({ provider, error }) => served.push(`${provider} ${error ?? 'ok'}`),
  };
  const responder = new ModelResponder({
    models,
    agent: testAgent(),
    session: { sessionId: 'session-1', direction: 'inbound' },
    recorder,
    clock: systemClock,
    log: pino({ level: 'silent' }),
  });
  const answer = async () => textOf(await collect(responder.respond(CALLER, NEVER)));
  return { a, b, models, answer, responder, switched, used, served };
}

const refuses = (status: number) => () => {
  throw new OpenAiError(status, 'no', 'No.');
};

for (const status of [429, 500, 503, 401, 404]) {
  test(`a first model that answers ${status} costs the caller nothing: the second answers at once`, async (context) => {
    const { a, answer, switched, used } = await twoModels(context, [refuses(status)], [say('From the second.')]);
    assert.equal(await answer(), 'From the second.');
    assert.equal(a.requests.length, 1, 'nobody waits to ask the first again');
    assert.equal(switched.length, 1);
    assert.deepEqual(
      used.map(({ model }) => model),
      ['second'],
      'what is paid for is on record under the model that did it',
    );
  });
}

test('a first model that cannot be reached, or breaks off before a word, is replaced as well', async (context) => {
  const { a, answer } = await twoModels(context, [say('From the first.')], [say('From the second.')]);
  assert.equal(await answer(), 'From the first.');
  await a.stop();
  assert.equal(await answer(), 'From the second.');
});

test('a first model that says nothing in time is answered for by the second, and what it says later is heard by nobody', async (context) => {
  const { a, b, answer, switched } = await twoModels(context, [say('From the first.')], [say('From the second.')], {
    lateMs: SOON_MS,
    firstTokenMs: [30_000, 1],
  });
  assert.equal(await answer(), 'From the second.');
  assert.deepEqual(switched, ['second: late']);
  assert.deepEqual([a.requests.length, b.requests.length], [1, 1]);
  assert.equal(await a.connectionClosed, 'early', 'it is not paid for longer than it is waited for');
});

test('a request that another model was asked beside is told as one that failed, and one that nobody was asked for as well (stranger17 1)', async (context) => {
  const late = await twoModels(context, [say('From the first.')], [say('From the second.')], {
    lateMs: SOON_MS,
    firstTokenMs: [30_000, 1],
  });
  await late.answer();
  assert.deepEqual(late.served, ['first model.silent', 'second ok']);
  const away = await twoModels(context, [refuses(503)], [refuses(503)]);
  for (let turn = 0; turn < 3; turn++) await assert.rejects(away.answer());
  assert.equal(away.served.at(-1), 'first model.away');
});

test('after three failures in a row the first model is not asked any more, and both are kept from asking for ever', async (context) => {
  const { a, answer, models } = await twoModels(context, [refuses(500)], [say('From the second.')]);
  for (let turn = 0; turn < 5; turn++) assert.equal(await answer(), 'From the second.');
  assert.equal(a.requests.length, 3);
  assert.equal(models.all[0].breaker.state, 'open');
});

test('a request that is refused for what it says is asked of no other model', async (context) => {
  const { b, answer, models } = await twoModels(context, [refuses(400)], [say('From the second.')]);
  await assert.rejects(answer(), { code: 'model.rejected' });
  assert.equal(b.requests.length, 0);
  assert.deepEqual(
    models.all.map(({ breaker }) => breaker.state),
    ['closed', 'closed'],
  );
});

test('a parameter that one model refuses is left out for that one alone', async (context) => {
  const picky: Script = [
    (request) => {
      if (request.stream_options) {
        throw new OpenAiError(400, 'unsupported', "'stream_options' is not supported.");
      }
      return say('From the second.');
    },
  ];
  const { b, answer } = await twoModels(context, [refuses(500)], picky);
  assert.equal(await answer(), 'From the second.');
  assert.equal(b.requests.length, 2);
});

test('both models away: the caller is told so at once, and not asked to say it again', async (context) => {
  const { a, b, answer } = await twoModels(context, [refuses(503)], [refuses(503)]);
  for (let turn = 0; turn < 2; turn++) await assert.rejects(answer(), { code: 'model.failed' });
  const asked = a.requests.length + b.requests.length;
  await assert.rejects(answer(), { code: 'model.away' });
  assert.equal(a.requests.length + b.requests.length, asked, 'nobody is asked');
});

test('a caller who cuts in ends both requests, and says nothing of either model', async (context) => {
  const { models, responder } = await twoModels(context, [say('A.')], [say('B.')], {
    lateMs: SOON_MS,
    firstTokenMs: [30_000, 30_000],
  });
  const cut = new AbortController();
  setTimeout(() => cut.abort(), 4 * SOON_MS);
  assert.deepEqual(await collect(responder.respond(CALLER, cut.signal)), []);
  assert.deepEqual(
    models.all.map(({ breaker }) => breaker.state),
    ['closed', 'closed'],
  );
});

test('an answer that begins with a tool has begun: the second model is not asked beside it', async (context) => {
  const { b, answer } = await twoModels(
    context,
    [call('nothing_like_it', {}), say('Done.')],
    [say('From the second.')],
  );
  assert.equal(await answer(), 'Done.');
  assert.equal(b.requests.length, 0);
});
