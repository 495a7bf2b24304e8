import type { z } from 'zod';
import { systemClock } from '../shared/clock.ts';
import { ConfigError, messageOf } from '../shared/errors.ts';
import { type Identity, openIdentity } from '../shared/identity/identity.ts';
import { SCOPES } from '../shared/identity/scopes.ts';
import { randomIds } from '../shared/ids.ts';
import { createLog, type Logger } from '../shared/log.ts';
import { readSettings } from '../shared/settings/setting.ts';
import { streamHostSettings } from '../shared/settings/stream-host-settings.ts';
import { loadAgents, requireAgent } from './agent/agent-definition.ts';
import { probeRealtime } from './realtime/probe.ts';
import { realtimeServiceOf } from './realtime/realtime-service.ts';

/** Of the stream host's settings, those that say which service there is: all others may be unset. */
const probeSettings = streamHostSettings.pick({
  LOG_LEVEL: true,
  AGENTS_FOLDER: true,
  DEFAULT_AGENT: true,
  AZURE_CLIENT_ID: true,
  REALTIME_SERVICE: true,
  REALTIME_TRANSCRIPTION_MODEL: true,
  AZURE_VOICE_LIVE_ENDPOINT: true,
  AZURE_VOICE_LIVE_MODEL: true,
  AZURE_VOICE_LIVE_PROFILE: true,
  AZURE_VOICE_LIVE_AGENT_NAME: true,
  AZURE_VOICE_LIVE_AGENT_PROJECT: true,
  AZURE_VOICE_LIVE_API_KEY: true,
  AZURE_VOICE_LIVE_API_VERSION: true,
  AZURE_OPENAI_REALTIME_BASE_URL: true,
  AZURE_OPENAI_REALTIME_DEPLOYMENT: true,
  AZURE_OPENAI_REALTIME_API_KEY: true,
});
const chatModel = streamHostSettings.pick({ AZURE_OPENAI_BASE_URL: true, AZURE_OPENAI_API_KEY: true }).partial();
const settings = probeSettings.extend(chatModel.shape);

/** `npm run probe -- [agent]`: shows on the service that is set up what Parley assumes of such services. */
async function main(): Promise<void> {
  const config = readSettings(settings, process.env);
  const log = createLog('stream-host', 'error');
  const identity = openIdentity({ clientId: config.AZURE_CLIENT_ID, env: process.env, clock: systemClock, log });
  try {
    await probe(config, identity, log);
  } finally {
    identity.close();
  }
}

async function probe(config: z.output<typeof settings>, identity: Identity, log: Logger): Promise<void> {
  const service = realtimeServiceOf(config, {
    clock: systemClock,
    log,
    newId: randomIds,
    token: async () => (await identity.tokens(SCOPES.ai).get()).token,
    secretOf: (name) => process.env[name],
  });
  if (!service) {
    throw new ConfigError(
      'There is no service to probe: set AZURE_VOICE_LIVE_ENDPOINT with AZURE_VOICE_LIVE_MODEL, or AZURE_OPENAI_REALTIME_DEPLOYMENT.',
    );
  }
  const agents = await loadAgents(config.AGENTS_FOLDER, { realtimeProblems: (settings) => service.problems(settings) });
  const agent = requireAgent(agents, process.argv[2] ?? config.DEFAULT_AGENT);
  process.stdout.write(`${service.name}, with the settings of the agent ${agent.name}\n`);
  const allHold = await probeRealtime({
    service,
    brief: { locale: agent.locale, voice: agent.voice, settings: agent.realtime },
    clock: systemClock,
    log,
    onResult: ({ assumed, holds, seen }) => process.stdout.write(`${holds ? 'yes' : 'NO '}  ${assumed}: ${seen}\n`),
  });
  process.exitCode = allHold ? 0 : 1;
}

main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
