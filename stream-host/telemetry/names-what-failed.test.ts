import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { AcsCarrier } from '../../shared/carrier/acs/acs-carrier.ts';
import { systemClock } from '../../shared/clock.ts';
import { onlyProvider } from '../../shared/providers/provider.ts';
import { BlobRecordStore } from '../../shared/records/blob-store.ts';
import { tracedRecords } from '../../shared/records/traced-records.ts';
import { connectRedis } from '../../shared/sessions/connect.ts';
import { SessionStore } from '../../shared/sessions/session-store.ts';
import { randomSpanIds } from '../../shared/telemetry/call-trace.ts';
import { CallTraces } from '../../shared/telemetry/call-traces.ts';
import { ATTRIBUTE, type Dependency, SPAN } from '../../shared/telemetry/names.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { startEmbeddedRedis } from '../../start/redis-embedded.ts';
import { DeploymentTraits } from '../agent/deployment-traits.ts';
import { openModelClient } from '../agent/model-client.ts';
import { ModelResponder } from '../agent/model-responder.ts';
import { CALLER, collect, testAgent } from '../agent/testing/language-model.ts';
import { Rig, text } from '../conversation/testing/rig.ts';
import { LiveRig } from '../modes/voice-live/testing/live-rig.ts';
import { openAzureRecogniser } from '../speech/recognition/azure-recogniser.ts';
import { AzureSynthesiser } from '../speech/synthesis/azure-synthesiser.ts';
import { FirstVoice } from '../speech/synthesis/first-voice.ts';
import { timedSpeech } from '../speech/synthesis/timed-speech.ts';
import { HearingDiary } from '../speech/testing/recogniser-conformance.ts';
import { ToneService } from '../speech/testing/tone-service.ts';
import { speakTones } from '../speech/testing/tones.ts';
import { type Fault, faultyHttp, faultyRedis } from './testing/faulty-services.ts';
import { watchedSession } from './testing/watched-session.ts';

/** Every dependency of a call, in every way in which it fails: the call's trace must have a failed request to it, and why. */

const log = pino({ level: 'silent' });
const NEVER = new AbortController().signal;
/** Of everything that waits: far below the product's own where nothing comes, and long enough for a busy machine where something does. */
const soonMs = (fault: Fault) => (fault === 'silent' ? 300 : 30_000);

type Watched = ReturnType<typeof watchedSession>;
type Ask = (context: TestContext, fault: Fault, watched: Watched) => Promise<unknown>;

const tracesOf = ({ spans }: Watched) =>
  new CallTraces({ sink: spans, clock: systemClock, newSpanId: randomSpanIds, redisUrl: 'redis://cache:6379' });

async function toneService(context: TestContext, fault: Fault) {
  const service = await ToneService.start();
  context.after(() => service.close());
  service.faults.refuseWith = fault === 'throttled' ? 429 : fault === 'refused' ? 401 : undefined;
  service.faults.mute = fault === 'silent';
  if (fault === 'down') service.close();
  return { host: `ws://127.0.0.1:${service.port}`, proof: 'not-a-secret' };
}

const model: Ask = async (context, fault, { observer }) => {
  const baseUrl = `http://${await faultyHttp(context, fault)}/openai/v1`;
  const service = {
    client: openModelClient({ baseUrl, apiKey: 'key' }),
    deployment: 'm',
    traits: new DeploymentTraits(),
  };
  const responder = new ModelResponder({
    models: onlyProvider('chat-model', service, systemClock),
    agent: testAgent(),
    session: { sessionId: 'a-session', direction: 'inbound' },
    recorder: { used() {}, served: observer.served },
    limits: { firstMs: soonMs(fault) },
    ...{ clock: systemClock, log },
  });
  await collect(responder.respond(CALLER, NEVER)).catch(() => {});
};

const voice: Ask = async (context, fault, { observer }) => {
  const waits = { connectTimeoutMs: soonMs(fault), waitMs: soonMs(fault), firstAudioMs: soonMs(fault), warm: 0 };
  const service = new AzureSynthesiser({
    service: await toneService(context, fault),
    clock: systemClock,
    log,
    ...waits,
  });
  context.after(() => service.close());
  const synthesiser = new FirstVoice(onlyProvider('speech-synthesis', service, systemClock), systemClock);
  const timed = timedSpeech({ synthesiser, clock: systemClock, onUsed() {}, onServed: observer.served });
  try {
    for await (const _ of timed.speak('oak', 'en-US-Ava', NEVER));
  } catch {}
};

const recogniser: Ask = async (context, fault, { observer, spans }) => {
  const services = onlyProvider('speech-recognition', await toneService(context, fault), systemClock);
  const waits = { connectTimeoutMs: soonMs(fault), noSignMs: soonMs(fault) };
  const hears = { services, clock: systemClock, log, random: Math.random, language: 'en-US', ...waits };
  const diary = new HearingDiary(openAzureRecogniser({ ...hears, onServed: observer.served }));
  context.after(() => diary.recogniser.close());
  await diary.hear(speakTones('oak'));
  await diary.until(() => diary.words === 'oak' || spans.named(SPAN.recognition).length > 0, 'it hears or fails');
};

const realtime: Ask = async (_, fault, { observer }) => {
  const rig = new LiveRig({ openings: fault === undefined || fault === 'down' ? [] : [fault] });
  await rig.started();
  if (fault === 'down') rig.service.session?.end('realtime.lost');
  await rig.says([0x20]);
  await rig.pass(9_000);
  for (const request of rig.served) observer.served(request);
};

async function workingRedis(context: TestContext): Promise<string> {
  const { url, close } = await startEmbeddedRedis();
  context.after(close);
  return url;
}

const redis: Ask = async (context, fault, watched) => {
  const url = fault === undefined ? await workingRedis(context) : await faultyRedis(context, fault);
  // However Redis fails, a command waits until it is told to stop.
  const commandTimeoutMs = soonMs(fault && 'silent');
  const client = connectRedis(url, log, { commandTimeoutMs });
  context.after(() => client.disconnect());
  const store = new SessionStore(client, { ttlSeconds: 60 });
  const renew = () => store.renew('a-session', 'an-owner', 1_000);
  await tracesOf(watched)
    .redis('a-session', 'renew_lease', renew)
    .catch(() => {});
};

const acs: Ask = async (context, fault, watched) => {
  const traces = tracesOf(watched);
  const carrier = new AcsCarrier({
    access: { connectionString: `endpoint=http://${await faultyHttp(context, fault)}/;accesskey=${btoa('key')}` },
    callbackBase: 'http://127.0.0.1:1',
    mediaBase: 'ws://127.0.0.1:1',
    attemptMs: soonMs(fault),
    watch: (what, request) =>
      traces.client({ dependency: 'acs', method: 'POST', sessionId: 'a-session', ...what }, request),
  });
  await carrier.stopMedia('a-call').catch(() => {});
};

const blob: Ask = async (context, fault, watched) => {
  const url = `http://${await faultyHttp(context, fault)}/account/call-records`;
  const credential = { getToken: async () => ({ token: 'ours', expiresOnTimestamp: Number.POSITIVE_INFINITY }) };
  const store = new BlobRecordStore({ url, credential, requestMs: soonMs(fault) });
  await tracedRecords(store, url, tracesOf(watched))
    ?.begin('a-session')
    .catch(() => {});
};

interface Row {
  readonly dependency: Dependency;
  readonly ask: Ask;
  /** Why, by how it fails. */
  readonly why: Readonly<Record<Exclude<Fault, undefined>, RegExp>>;
}

const ROWS: Readonly<Record<string, Row>> = {
  model: {
    ...{ dependency: 'openai', ask: model },
    why: {
      down: /^model\.unreachable$/,
      throttled: /^model\.throttled$/,
      refused: /^model\.unauthorised$/,
      silent: /^model\.silent$/,
    },
  },
  voice: {
    ...{ dependency: 'speech', ask: voice },
    why: {
      down: /^synthesis\.no-connection$/,
      throttled: /^speech\.throttled$/,
      refused: /^speech\.refused$/,
      silent: /^synthesis\.(silent|no-connection)$/,
    },
  },
  recogniser: {
    ...{ dependency: 'speech', ask: recogniser },
    why: {
      down: /^recogniser\./,
      throttled: /^speech\.throttled$/,
      refused: /^speech\.refused$/,
      silent: /^recogniser\.(silent|no-connection)$/,
    },
  },
  realtime: {
    ...{ dependency: 'voice-live', ask: realtime },
    why: {
      down: /^realtime\.lost$/,
      throttled: /^realtime\.throttled$/,
      refused: /^realtime\.unauthorised$/,
      silent: /^realtime\.silent$/,
    },
  },
  redis: {
    ...{ dependency: 'redis', ask: redis },
    why: { down: /^redis\.unavailable$/, throttled: /^redis\./, refused: /^redis\./, silent: /^redis\.unavailable$/ },
  },
  acs: {
    ...{ dependency: 'acs', ask: acs },
    why: { down: /^acs\./, throttled: /^acs\./, refused: /^acs\./, silent: /^acs\./ },
  },
  blob: {
    ...{ dependency: 'blob', ask: blob },
    why: { down: /^records\./, throttled: /^records\.throttled$/, refused: /^records\.refused$/, silent: /^records\./ },
  },
};

const failuresOf = ({ spans }: Watched) =>
  spans.all.filter(({ kind, error }) => kind === 'client' && error !== undefined);

for (const [name, { dependency, ask, why }] of Object.entries(ROWS)) {
  for (const fault of ['down', 'throttled', 'refused', 'silent'] as const) {
    test(`a trace names what failed: ${name} ${fault} (stranger17 1)`, async (context) => {
      const watched = watchedSession();
      await ask(context, fault, watched);
      await eventually(() => failuresOf(watched).length > 0);
      for (const { attributes, error = '' } of failuresOf(watched)) {
        assert.match(error, why[fault]);
        assert.equal(attributes[ATTRIBUTE.errorType], error);
        assert.equal(attributes[ATTRIBUTE.dependency], dependency);
        // By these the map has its row.
        assert.equal(attributes[ATTRIBUTE.peer] ?? attributes[ATTRIBUTE.dbSystem], dependency);
      }
    });
  }

  test(`a trace of a call in which nothing failed says so: ${name}`, async (context) => {
    const watched = watchedSession();
    await ask(context, undefined, watched);
    assert.deepEqual(failuresOf(watched), []);
  });
}

/** A whole conversation, by the clock of its test. */
async function talk(policy: ConstructorParameters<typeof Rig>[0] = {}) {
  const rig = new Rig(policy);
  const watched = watchedSession({ clock: rig.clock, events: rig.events });
  await rig.started();
  return { rig, ...watched };
}

test('what was typed was asked of no recogniser: it has no row on the map, and no lag among those that were heard (stranger17 1)', async () => {
  const { rig, spans, metrics } = await talk();
  rig.conversation.typed('Where is my order?');
  await rig.clock.advance(3_000);
  assert.deepEqual(
    spans.all.filter(({ attributes }) => attributes[ATTRIBUTE.dependency] === 'speech'),
    [],
  );
  assert.deepEqual(metrics.values({ name: 'parley.turn.words' }), []);
  assert.equal(metrics.values({ name: 'parley.turn.first_audio' }).length, 1);
  await rig.says('And when does it come?');
  await rig.clock.advance(3_000);
  assert.equal(spans.named(SPAN.recognition).length, 1, 'what was said was asked of one');
});

test('a question to which no answer came is a turn of its own that failed, and not part of the next one (stranger17 1)', async () => {
  const { rig, spans, observer } = await talk();
  rig.script = () => ['hang'];
  await rig.says('Where is my order?');
  const askedMs = rig.clock.now();
  await rig.clock.advance(60_000);
  const gaveUpMs = rig.of('fault').find(({ code }) => code === 'reply.stalled')?.atMs ?? Number.NaN;
  observer.served({ service: 'chat-model', startedAtMs: askedMs, endedAtMs: gaveUpMs });
  rig.script = () => [text('It is on its way.')];
  await rig.says('Hello?');
  await rig.clock.advance(5_000);
  const [, unanswered, answered] = spans.named(SPAN.turn);
  assert.deepEqual([unanswered?.error, answered?.error], ['reply.stalled', undefined]);
  const lengthOf = (span: typeof answered) => (span ? span.endMs - span.startMs : Number.NaN);
  assert.ok(
    lengthOf(unanswered) < 50_000 && lengthOf(answered) < 10_000,
    `${lengthOf(unanswered)} ${lengthOf(answered)}`,
  );
  const chat = spans.one('chat unknown');
  assert.deepEqual([chat.error, chat.parentSpanId], ['model.silent', unanswered?.spanId]);
});

test('a question whose wait was given up in words is over with them, also where its caller asks again at once (stranger17 1)', async () => {
  const { clock, events, observer, spans } = watchedSession();
  const chat = { service: 'chat-model', model: 'm' } as const;
  events.emit('callerFinal', { turn: 2, text: 'Where is my order?' });
  for (const kind of ['filler', 'explanation', 'give-up'] as const) {
    await clock.advance(7_000);
    events.emit('waitFilled', { turn: 2, kind, text: 'Sorry.' });
  }
  await clock.advance(4_000);
  observer.served({ ...chat, startedAtMs: 0, endedAtMs: 22_000 });
  observer.served({ ...chat, startedAtMs: 24_500, firstAtMs: 24_600, endedAtMs: 25_000 });
  events.emit('callerFinal', { turn: 3, text: 'Where is it?' });
  events.emit('agentSpoke', { turn: 3, fullText: 'Here.', heardText: 'Here.', interrupted: false });
  const [given, answered] = spans.named(SPAN.turn);
  assert.deepEqual(
    [given, answered].map((turn) => [turn?.attributes[ATTRIBUTE.turn], turn?.error]),
    [
      [2, 'reply.stalled'],
      [3, undefined],
    ],
  );
  assert.deepEqual(
    spans.named('chat m').map(({ parentSpanId, error }) => [parentSpanId, error]),
    [
      [given?.spanId, 'model.silent'],
      [answered?.spanId, undefined],
    ],
  );
});

test('a recogniser that recovers while the greeting is heard is no failure of the greeting (stranger17 1)', async () => {
  const { rig, spans, observer } = await talk();
  rig.script = () => [new Error('a fault of the model')];
  await rig.says('Where is my order?');
  rig.events.emit('fault', { code: 'recogniser.recovering' });
  observer.served({ service: 'speech-recognition', startedAtMs: 1, endedAtMs: 2, error: 'speech.throttled' });
  await rig.clock.advance(5_000);
  assert.deepEqual(
    spans.named(SPAN.turn).map(({ error }) => error),
    [undefined, 'reply.failed'],
  );
  const refused = spans.named(SPAN.recognition).find(({ error }) => error === 'speech.throttled');
  assert.equal(refused?.parentSpanId, spans.one(SPAN.sessionOpening).spanId);
});

test('a request that nobody wanted any more is no failure, unless it had kept its caller waiting for longer than he was promised', () => {
  const { observer, spans } = watchedSession();
  for (const endedAtMs of [2_900, 22_600]) {
    observer.served({ service: 'chat-model', model: 'm', startedAtMs: 0, endedAtMs });
    observer.served({ service: 'speech-synthesis', startedAtMs: 0, endedAtMs });
    observer.served({ service: 'realtime', model: 'r', startedAtMs: 0, endedAtMs, finishReason: 'cancelled' });
    observer.served({ service: 'realtime', model: 'r', startedAtMs: 0, endedAtMs, finishReason: 'completed' });
  }
  assert.deepEqual(
    spans.all.flatMap(({ error }) => error ?? []),
    ['model.silent', 'synthesis.silent', 'realtime.silent'],
  );
});

test('an outage of a provider is told in each session that stands, until its end', () => {
  const { providers, spans, events } = watchedSession();
  providers.emit('away', { provider: 'chat-model', code: 'model.throttled' });
  events.emit('ended', { reason: 'caller-ended' });
  providers.emit('away', { provider: 'chat-model', code: 'model.throttled' });
  const outage = spans.one(SPAN.outage);
  assert.deepEqual([outage.error, outage.attributes[ATTRIBUTE.provider]], ['model.throttled', 'chat-model']);
});
