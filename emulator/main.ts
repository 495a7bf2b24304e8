import path from 'node:path';
import { systemClock } from '../shared/clock.ts';
import { CONFIG_EXIT_CODE, ConfigError, messageOf } from '../shared/errors.ts';
import { createLog, type Logger } from '../shared/log.ts';
import type { Fallible } from '../shared/protocol/faults.ts';
import { AcsService } from './acs/acs-service.ts';
import { BlobService } from './blob/blob-service.ts';
import { Disturbances } from './disturbances/disturbances.ts';
import { DisturbedDoor } from './disturbances/disturbed-door.ts';
import { type RedisOrder, redisLineOf } from './disturbances/redis-order.ts';
import { Faults } from './faults.ts';
import { AccessTokens, AUDIENCES } from './identity/access-tokens.ts';
import { ApiTokens } from './identity/api-tokens.ts';
import { IdentityEndpoint } from './identity/identity-endpoint.ts';
import { OpenAiService } from './openai/openai-service.ts';
import { Outages } from './outages.ts';
import { SayService } from './phone/say-service.ts';
import { RealtimeService } from './realtime/realtime-service.ts';
import { RedisProxy } from './redis-proxy/redis-proxy.ts';
import { EmulatorServer } from './server.ts';
import { type EmulatorSettings, loadSettings } from './settings.ts';
import { SpeechModels } from './speech-models.ts';
import { StatusService } from './status-service.ts';
import { TelemetryService } from './telemetry/telemetry-service.ts';
import { loadCertificate, type ServerIdentity } from './tls/certificates.ts';
import { UsageMeter } from './usage-meter.ts';

/** A stop that takes longer than this is cut short. */
const STOP_MS = 5_000;

let log = createLog('emulator', 'info');
try {
  const settings = loadSettings(process.env);
  log = createLog('emulator', settings.LOG_LEVEL);
  const stop = await start(settings, log);
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      // A Ctrl-C comes twice: from the terminal, and from whoever has started this.
      if (stopping) return;
      stopping = true;
      log.info({ signal }, 'stopping');
      setTimeout(() => process.exit(1), STOP_MS).unref();
      void stop().then(() => process.exit(0));
    });
  }
} catch (error) {
  log.fatal(messageOf(error));
  process.exit(error instanceof ConfigError ? CONFIG_EXIT_CODE : 1);
}

/** Opens the ports at once, loads the models behind them, and then says that it is ready. */
async function start(settings: EmulatorSettings, log: Logger): Promise<() => Promise<void>> {
  const certificate = await loadCertificate(settings.EMULATOR_CA_FOLDER);
  const faults = new Faults(log);
  const redisLine = redisLineOf(process);
  const disturbances = new Disturbances({ clock: systemClock, log, unavailable: unavailableIn(settings, redisLine) });
  disturbances.watch((dependency) => {
    if (dependency === 'redis') redisLine?.(disturbances.at('redis'));
  });
  const accessTokens = await AccessTokens.open(systemClock, settings.EMULATOR_CA_FOLDER);
  const { EMULATOR_API_AUDIENCE: audience, EMULATOR_EVENT_GRID_AUDIENCE: gridAudience } = settings;
  const apiTokens = new ApiTokens({ tokens: accessTokens, audience });
  const acs = await AcsService.open({
    accessKey: settings.EMULATOR_ACCESS_KEY,
    accessTokens,
    resourceId: settings.EMULATOR_RESOURCE_ID,
    tokenIssuer: settings.EMULATOR_TOKEN_ISSUER,
    keyFolder: settings.EMULATOR_CA_FOLDER,
    webhookUrl: settings.EVENT_GRID_WEBHOOK_URL,
    gridSchema: settings.EVENT_GRID_SCHEMA,
    ...(gridAudience !== undefined && { gridToken: () => apiTokens.forDelivery(gridAudience) }),
    apiToken: () => apiTokens.forApi(),
    ringTimeoutMs: settings.EMULATOR_RING_TIMEOUT_MS,
    callbackTimeoutMs: settings.EMULATOR_CALLBACK_TIMEOUT_MS,
    listen: (listener) => speech.listen(listener),
    speak: (text, voice) => speech.speak(text, voice),
    recordingsFolder: path.join(settings.EMULATOR_CA_FOLDER, 'recordings'),
    faults,
    disturbances,
    clock: systemClock,
    log,
  });
  const server = new EmulatorServer(certificate, log, [settings.EMULATOR_HOST]);
  const { EMULATOR_HOST: host, EMULATOR_PORT: plain, EMULATOR_TLS_PORT: tls } = settings;
  const ports = await server.listen(host, { plain, tls });
  log.info(`listening on http://${host}:${ports.plain} and, with TLS, on ${ports.tls}`);

  const redis = await openRedisDoor(settings, accessTokens, certificate, log);
  const identity =
    settings.IDENTITY_HEADER === undefined
      ? undefined
      : new IdentityEndpoint({
          ...{ tokens: accessTokens, faults, log },
          secret: settings.IDENTITY_HEADER,
          lifeSeconds: settings.EMULATOR_IDENTITY_TOKEN_SECONDS,
        });
  const ai = { key: settings.EMULATOR_OPENAI_KEY, tokens: accessTokens };
  const meter = new UsageMeter();
  const openAi = new OpenAiService({ log, meter, ...ai, ...upstreamOf(settings) });
  const speech = new SpeechModels({
    log,
    meter,
    key: settings.EMULATOR_SPEECH_KEY,
    tokens: accessTokens,
    size: settings.SPEECH_MODEL,
    ...(settings.SPEECH_WORKERS !== undefined && { workers: settings.SPEECH_WORKERS }),
  });
  const say = new SayService((text, voice) => speech.speak(text, voice), log);
  const realtime = new RealtimeService({
    log,
    meter,
    ...ai,
    faults,
    clock: systemClock,
    models: () => speech.models,
    answer: (request, signal) => openAi.reply(request, signal),
    ...(!openAi.describe().scripted && { problem: () => openAi.problem() }),
  });
  const telemetry = new TelemetryService({
    ...{ faults, log, clock: systemClock },
    // Where nobody has a key, the door of Application Insights is closed to keys too.
    tokens: settings.IDENTITY_HEADER === undefined ? undefined : accessTokens,
  });
  const status = new StatusService(() => ({
    ready: speech.ready,
    dialogue: openAi.describe(),
    ...acs.status,
    speech: speech.status,
    realtimeSessions: realtime.sessions,
    usage: { ...meter },
    telemetry: telemetry.status,
    ...(identity && { identity: identity.status }),
    ...(redis && { redis: redis.status }),
    faults: disturbances.status,
  }));
  const blob = new BlobService(async (token) => accessTokens.read(token, AUDIENCES.storage) !== undefined);
  const services = [acs, openAi, realtime, say, blob, speech, telemetry, ...(identity ? [identity] : [])];
  const door = new DisturbedDoor([new Outages(services, log)], disturbances);
  server.mount(status, faults, apiTokens, door);

  const { scripted, model } = openAi.describe();
  log.info(scripted ? 'a scripted dialogue answers, no language model' : `${model} answers`);
  void openAi.problem().then((problem) => {
    if (problem !== undefined) log.warn(problem);
  });
  void acs.start();
  await speech.loaded;
  log.info('ready');
  return async () => {
    await acs.close();
    openAi.close();
    realtime.close();
    await speech.close();
    await redis?.close();
    await server.close();
  };
}

async function openRedisDoor(
  { EMULATOR_REDIS_URL: upstreamUrl, EMULATOR_HOST: host, EMULATOR_REDIS_PORT: port }: EmulatorSettings,
  tokens: AccessTokens,
  tls: ServerIdentity,
  log: Logger,
): Promise<RedisProxy | undefined> {
  if (upstreamUrl === undefined) return undefined;
  const door = new RedisProxy({ upstreamUrl, tokens, tls, clock: systemClock, log });
  log.info(`a Redis that asks for tokens listens on port ${await door.listen(host, port)}`);
  return door;
}

/** What of this stack cannot be made to fail, as nobody here asks for it or it is out of reach. */
function unavailableIn({ IDENTITY_HEADER: identity }: EmulatorSettings, redisLine: RedisOrder | undefined) {
  const withIdentity = 'only a stack with identities has it: npm start -- --identity';
  return (dependency: Fallible): string | undefined => {
    if (dependency === 'redis' && redisLine === undefined) return 'only the Redis that npm start itself runs can.';
    if (identity !== undefined) return undefined;
    return dependency === 'identity' || dependency === 'blob' ? withIdentity : undefined;
  };
}

function upstreamOf({ OPENAI_BASE_URL: baseUrl, OPENAI_MODEL: model, OPENAI_API_KEY: apiKey }: EmulatorSettings) {
  if (baseUrl === undefined || model === undefined) return {};
  return { upstream: { baseUrl, model, ...(apiKey !== undefined && { apiKey }) } };
}
