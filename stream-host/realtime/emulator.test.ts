import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { pino } from 'pino';
import { KEY, startRealtime } from '../../emulator/realtime/testing/realtime-harness.ts';
import { systemClock } from '../../shared/clock.ts';
import { DependencyError } from '../../shared/errors.ts';
import { randomIds } from '../../shared/ids.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import type { RealtimeEvents } from '../contract/realtime.ts';
import { type ProbeResult, probeRealtime } from './probe.ts';
import { type RealtimeConfig, realtimeServiceOf } from './realtime-service.ts';
import { recordedEvents, type Told, testBrief } from './testing/recorded-events.ts';

const { ports, faults } = await startRealtime({ after });
const host = `http://127.0.0.1:${ports.plain}`;
const log = pino({ level: 'silent' });
const LONG = 'Say: This is a long answer, which goes on for quite a while, so that somebody can cut in on it.';

const CONFIGS: Record<string, RealtimeConfig> = {
  openai: {
    AZURE_VOICE_LIVE_API_VERSION: '2026-07-15',
    AZURE_OPENAI_BASE_URL: `${host}/openai/v1`,
    AZURE_OPENAI_API_KEY: KEY,
    AZURE_OPENAI_REALTIME_DEPLOYMENT: 'local',
    REALTIME_TRANSCRIPTION_MODEL: 'whisper-1',
  },
  'voice-live': {
    AZURE_VOICE_LIVE_API_VERSION: '2026-07-15',
    AZURE_VOICE_LIVE_ENDPOINT: host,
    AZURE_VOICE_LIVE_MODEL: 'local',
    AZURE_VOICE_LIVE_API_KEY: KEY,
  },
};

function serviceOf(config: RealtimeConfig) {
  const service = realtimeServiceOf(config, {
    clock: systemClock,
    log,
    newId: randomIds,
    token: () => Promise.reject(new Error('There is a key.')),
    secretOf: () => undefined,
  });
  assert.ok(service);
  return service;
}

async function probe(config: RealtimeConfig): Promise<ProbeResult[]> {
  const results: ProbeResult[] = [];
  const holds = await probeRealtime({
    service: serviceOf(config),
    brief: { locale: 'en-US', voice: 'en-US-AvaMultilingualNeural', settings: {} },
    clock: systemClock,
    log,
    onResult: (result) => results.push(result),
  });
  assert.equal(
    holds,
    results.every((result) => result.holds),
  );
  return results;
}

/** A session that is ready, or has failed. */
async function open(config: RealtimeConfig) {
  const told: Told[] = [];
  const session = serviceOf(config).open(
    { log, brief: testBrief(), rateHz: 16_000, createResponse: true, interruptResponse: true },
    recordedEvents(told),
  );
  const of = (name: keyof RealtimeEvents) => told.filter(([each]) => each === name).map(([, ...rest]) => rest);
  await eventually(() => told.length > 0);
  const ends = () =>
    of('onClosed').map(([error, final]) => [error instanceof DependencyError ? error.code : error, final]);
  /** Asks for an answer, and waits for so much of its audio, or for its end. */
  const answer = async (pieces: number) => {
    const from = of('onAudio').length;
    const before = of('onResponseEnded').length;
    session.typed(LONG);
    session.respond();
    await eventually(
      () => of('onAudio').length >= from + pieces || of('onResponseEnded').length > before || ends().length > 0,
    );
  };
  return { session, told, of, ends, answer };
}

for (const [name, config] of Object.entries(CONFIGS)) {
  test(`${name}: all that is assumed of the service holds for the emulator’s: lines, a tool, a cut and speech`, async () => {
    const results = await probe(config);
    assert.deepEqual(
      results.filter(({ holds }) => !holds),
      [],
    );
    assert.equal(results.length, 9);
    const cut = results.find(({ assumed }) => assumed.startsWith('an answer is ended'));
    assert.match(cut?.seen ?? '', /^cancelled, client_cancelled/);
  });

  test(`${name}: a probe says by its code why there is no session`, async () => {
    const wrongKey = { ...config, AZURE_VOICE_LIVE_API_KEY: 'wrong', AZURE_OPENAI_API_KEY: 'wrong' };
    const [refused] = await probe(wrongKey);
    assert.match(refused?.seen ?? '', /^realtime\.unauthorised: .*It would be the same again\.$/);
    const model = name === 'openai' ? { AZURE_OPENAI_REALTIME_DEPLOYMENT: 'x' } : { AZURE_VOICE_LIVE_MODEL: 'x' };
    const [notThere] = await probe({ ...config, ...model });
    assert.match(notThere?.seen ?? '', /^realtime\.not_found: /);
  });

  test(`${name}: thirty answers that are cut off anywhere: no cut is refused, and nothing is told of what was cancelled`, async () => {
    faults.order({ 'realtime.stray': { times: 30 } });
    const { session, of, ends, answer } = await open(config);
    for (let cut = 0; cut < 30; cut += 1) {
      await answer(1 + (cut % 4));
      const [responseId, itemId] = of('onAudio').at(-1) ?? [];
      const pieces = of('onAudio').filter(([, item]) => item === itemId);
      const bytes = pieces.reduce((sum, [, , pcm]) => sum + (pcm instanceof Uint8Array ? pcm.length : 0), 0);
      const generatedMs = bytes / ((session.rateHz * 2) / 1000);
      const heardMs = [0, 0.3, 0.7, 1][cut % 4] ?? 0;
      session.truncate(String(itemId), generatedMs * heardMs);
      session.cancel();
      const before = of('onAudio').length;
      await eventually(() => of('onResponseEnded').some(([id]) => id === responseId));
      assert.equal(of('onAudio').length, before);
    }
    session.typed('Hello?');
    session.respond();
    await eventually(() => of('onResponseEnded').length === 31);
    assert.deepEqual(of('onProblem'), []);
    assert.deepEqual(of('onResponseEnded').at(-1)?.[1], 'completed');
    assert.deepEqual(ends(), []);
    session.close();
  });

  test(`${name}: a service that drops, throttles, fails or expires tells which, and whether another session is worth it`, async () => {
    faults.order({ 'realtime.drop': { times: 1, when: 'in_answer' } });
    const dropped = await open(config);
    await dropped.answer(100);
    assert.deepEqual(dropped.ends(), [['realtime.lost', false]]);

    faults.order({ 'realtime.refuse': { times: 1, status: 429 } });
    const refused = await open(config);
    assert.deepEqual(refused.ends(), [['realtime.throttled', false]]);

    faults.order({ 'realtime.expire': { times: 1, ms: 300 } });
    const expired = await open(config);
    assert.ok((expired.session.expiresAtMs ?? Number.POSITIVE_INFINITY) < systemClock.wallMs() + 2_000);
    await eventually(() => expired.ends().length > 0);
    assert.deepEqual(expired.ends(), [['realtime.expired', false]]);

    faults.order({ 'realtime.throttle': { times: 1 }, 'realtime.error': { times: 1, code: 'server_error' } });
    const failing = await open(config);
    await failing.answer(1);
    await failing.answer(1);
    assert.deepEqual(
      failing.of('onResponseEnded').map(([, status, reason]) => [status, reason]),
      [
        ['failed', 'rate_limit_exceeded'],
        ['failed', 'server_error'],
      ],
    );
    assert.deepEqual(
      failing.of('onProblem').map(([problem]) => JSON.stringify(problem).includes('server_error')),
      [true],
    );
    await failing.answer(2);
    assert.deepEqual(failing.ends(), []);
    failing.session.close();
  });
}
