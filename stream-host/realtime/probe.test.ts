import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { pino } from 'pino';
import { KEY, startRealtime } from '../../emulator/realtime/testing/realtime-harness.ts';
import { systemClock } from '../../shared/clock.ts';
import { randomIds } from '../../shared/ids.ts';
import { type ProbeResult, probeRealtime } from './probe.ts';
import { type RealtimeConfig, realtimeServiceOf } from './realtime-service.ts';

const { ports } = await startRealtime({ after });
const host = `http://127.0.0.1:${ports.plain}`;
const log = pino({ level: 'silent' });

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

async function probe(config: RealtimeConfig): Promise<ProbeResult[]> {
  const service = realtimeServiceOf(config, {
    clock: systemClock,
    log,
    newId: randomIds,
    token: () => Promise.reject(new Error('There is a key.')),
    secretOf: () => undefined,
  });
  assert.ok(service);
  const results: ProbeResult[] = [];
  const holds = await probeRealtime({
    service,
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
    const unknown = {
      ...config,
      ...(name === 'openai' ? { AZURE_OPENAI_REALTIME_DEPLOYMENT: 'x' } : { AZURE_VOICE_LIVE_MODEL: 'x' }),
    };
    const [notThere] = await probe(unknown);
    assert.match(notThere?.seen ?? '', /^realtime\.not_found: /);
  });
}
