import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { systemClock } from '../../shared/clock.ts';
import { ConfigError } from '../../shared/errors.ts';
import { countedIds } from '../../shared/ids.ts';
import { readStreamHostSettings } from '../../shared/settings/stream-host-settings.ts';
import { settingsSample } from '../../start/settings-documents.ts';
import { realtimeServiceOf } from './realtime-service.ts';

const SAMPLE: Record<string, string> = JSON.parse(settingsSample()).Values;
const VOICE_LIVE = { AZURE_VOICE_LIVE_ENDPOINT: 'https://r.services.ai.azure.com', AZURE_VOICE_LIVE_MODEL: 'm' };
const OPENAI = { AZURE_OPENAI_REALTIME_DEPLOYMENT: 'd' };
const AGENT = { AZURE_VOICE_LIVE_AGENT_NAME: 'desk', AZURE_VOICE_LIVE_AGENT_PROJECT: 'shop' };

const serviceOf = (env: Record<string, string>) =>
  realtimeServiceOf(readStreamHostSettings({ ...SAMPLE, ...env }), {
    clock: systemClock,
    log: pino({ level: 'silent' }),
    newId: countedIds(),
    token: async () => 'token',
    secretOf: () => undefined,
  })?.name;

test('the service is the one that is set up; where both are, a setting decides', () => {
  assert.equal(serviceOf({}), undefined);
  assert.equal(serviceOf(VOICE_LIVE), 'Azure Voice Live');
  assert.equal(serviceOf(OPENAI), 'Azure OpenAI Realtime');
  assert.equal(serviceOf({ ...VOICE_LIVE, ...OPENAI, REALTIME_SERVICE: 'azure-openai' }), 'Azure OpenAI Realtime');
  assert.equal(serviceOf({ ...VOICE_LIVE, ...OPENAI, REALTIME_SERVICE: 'azure-voice-live' }), 'Azure Voice Live');
  const { AZURE_VOICE_LIVE_ENDPOINT } = VOICE_LIVE;
  assert.equal(serviceOf({ AZURE_VOICE_LIVE_ENDPOINT, ...AGENT }), 'Azure Voice Live');
});

test('half a service, or two, stop the start with the names of the settings', () => {
  const { AZURE_VOICE_LIVE_ENDPOINT } = VOICE_LIVE;
  const bad = [
    [{ ...VOICE_LIVE, ...OPENAI }, /REALTIME_SERVICE/],
    [{ AZURE_VOICE_LIVE_ENDPOINT }, /AZURE_VOICE_LIVE_MODEL or AZURE_VOICE_LIVE_AGENT_NAME/],
    [{ ...VOICE_LIVE, ...AGENT }, /one of them/],
    [{ AZURE_VOICE_LIVE_ENDPOINT, AZURE_VOICE_LIVE_AGENT_NAME: 'desk' }, /AZURE_VOICE_LIVE_AGENT_PROJECT/],
    [{ AZURE_VOICE_LIVE_ENDPOINT, ...AGENT, AZURE_VOICE_LIVE_PROFILE: 'byom-azure-openai-realtime' }, /no effect/],
    [{ REALTIME_SERVICE: 'azure-openai' }, /AZURE_OPENAI_REALTIME_DEPLOYMENT/],
    [{ REALTIME_SERVICE: 'azure-voice-live' }, /AZURE_VOICE_LIVE_ENDPOINT/],
  ] as const;
  for (const [env, message] of bad) {
    assert.throws(
      () => serviceOf(env),
      (error: Error) => error instanceof ConfigError && message.test(error.message),
      JSON.stringify(env),
    );
  }
});
