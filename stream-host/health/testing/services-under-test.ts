import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { AcsService } from '../../../emulator/acs/acs-service.ts';
import { BlobService } from '../../../emulator/blob/blob-service.ts';
import { Faults } from '../../../emulator/faults.ts';
import { AccessTokens } from '../../../emulator/identity/access-tokens.ts';
import { OpenAiService } from '../../../emulator/openai/openai-service.ts';
import { Outages } from '../../../emulator/outages.ts';
import { RealtimeService } from '../../../emulator/realtime/realtime-service.ts';
import { EmulatorServer } from '../../../emulator/server.ts';
import { SpeechModels } from '../../../emulator/speech-models.ts';
import { loadCertificate } from '../../../emulator/tls/certificates.ts';
import { AcsTokenVerifier } from '../../../shared/auth/acs-token.ts';
import { AcsCarrier } from '../../../shared/carrier/acs/acs-carrier.ts';
import { systemClock } from '../../../shared/clock.ts';
import type { DependencySpec, Rhythm } from '../../../shared/health/dependency.ts';
import { DependencyBoard } from '../../../shared/health/dependency-board.ts';
import { redisDependency } from '../../../shared/health/redis-dependency.ts';
import { streamHostsDependency } from '../../../shared/health/stream-hosts-dependency.ts';
import { randomIds } from '../../../shared/ids.ts';
import { connectRedis } from '../../../shared/sessions/connect.ts';
import { SessionStore } from '../../../shared/sessions/session-store.ts';
import { openProviders, type ProvidersOptions } from '../../open-providers.ts';
import { realtimeServiceOf } from '../../realtime/realtime-service.ts';
import { hostServices } from '../host-services.ts';

const silent = pino({ level: 'silent' });
const NO_TOKENS = await AccessTokens.open(systemClock);
const SPEECH_KEY = 'the-right-speech-key';
const MODEL_KEY = 'the-right-model-key';
const ACCESS_KEY = Buffer.from('the right access key').toString('base64');
export const STORAGE_TOKEN = 'the-right-token';

/** The emulator's services, all of them, with outages to order. */
export async function startServices(after: (task: () => Promise<void>) => void) {
  const speech = new SpeechModels({ log: silent, key: SPEECH_KEY, size: 'by-heart' });
  const openAi = new OpenAiService({ log: silent, key: MODEL_KEY });
  const faults = new Faults(silent);
  const realtime = new RealtimeService({
    log: silent,
    key: MODEL_KEY,
    faults,
    clock: systemClock,
    models: () => speech.models,
    answer: (request, signal) => openAi.reply(request, signal),
  });
  const acs = await AcsService.open({
    accessKey: ACCESS_KEY,
    accessTokens: NO_TOKENS,
    resourceId: 'resource',
    tokenIssuer: 'https://acs.example',
    webhookUrl: 'http://127.0.0.1:1/',
    gridSchema: 'EventGridSchema',
    ringTimeoutMs: 1_000,
    callbackTimeoutMs: 1_000,
    clock: systemClock,
    log: silent,
  });
  const blob = new BlobService(async (token) => token === STORAGE_TOKEN);
  const outages = new Outages([acs, openAi, realtime, blob, speech], silent);
  const server = new EmulatorServer(await loadCertificate(), silent);
  server.mount(outages);
  const { plain } = await server.listen('127.0.0.1', { plain: 0, tls: 0 });
  await speech.loaded;
  after(async () => {
    await acs.close();
    realtime.close();
    await Promise.all([speech.close(), server.close()]);
  });
  return { address: `127.0.0.1:${plain}`, outages };
}

/** The settings of a deployment, each of which may be wrong. */
export const goodSettings = (address: string, redisUrl: string, streamHostUrl: string) => ({
  redisUrl,
  streamHostUrl,
  accessKey: ACCESS_KEY,
  acsAddress: address,
  jwksUrl: `http://${address}/calling/keys`,
  speechHost: `ws://${address}`,
  speechKey: SPEECH_KEY,
  modelUrl: `http://${address}/openai/v1`,
  modelKey: MODEL_KEY,
  realtimeModel: 'local',
  realtimeKey: MODEL_KEY,
  recordsUrl: `http://${address}/devstoreaccount1/call-records`,
  storageToken: STORAGE_TOKEN,
});
export type Settings = ReturnType<typeof goodSettings>;

/** What a process needs of others, asked by the clients of the product. Closed when the test ends. */
export function boardWith(
  context: TestContext,
  settings: Settings,
  rhythm: Partial<Rhythm>,
  more: Partial<ProvidersOptions['config']> = {},
): DependencyBoard {
  const clock = systemClock;
  const log = silent;
  const redis = connectRedis(settings.redisUrl, log, { commandTimeoutMs: 300 });
  const store = new SessionStore(redis, { ttlSeconds: 60 });
  const realtime = realtimeServiceOf(
    {
      AZURE_VOICE_LIVE_API_VERSION: '2026-07-15',
      AZURE_VOICE_LIVE_ENDPOINT: settings.modelUrl.replace('/openai/v1', ''),
      AZURE_VOICE_LIVE_MODEL: settings.realtimeModel,
      AZURE_VOICE_LIVE_API_KEY: settings.realtimeKey,
    },
    { clock, log, newId: randomIds, token: async () => '', secretOf: () => undefined },
  );
  const providers = openProviders({
    config: {
      AZURE_OPENAI_BASE_URL: settings.modelUrl,
      AZURE_OPENAI_API_KEY: settings.modelKey,
      AZURE_OPENAI_DEPLOYMENT: 'local',
      SPEECH_HOST: settings.speechHost,
      SPEECH_KEY: settings.speechKey,
      MAX_SESSIONS: 1,
      ...more,
    },
    credential: { getToken: async () => null },
    aiToken: async () => '',
    random: () => 0.5,
    warm: 0,
    ...{ clock, log },
  });
  const dependencies: DependencySpec[] = [
    redisDependency(redis, store, randomIds),
    ...hostServices({
      config: {
        SPEECH_LANGUAGE: 'en-US',
        CALL_RECORDS_URL: settings.recordsUrl,
      },
      calls: new AcsCarrier({
        access: { connectionString: `endpoint=http://${settings.acsAddress}/;accesskey=${settings.accessKey}` },
        callbackBase: 'http://127.0.0.1:1',
        mediaBase: 'ws://127.0.0.1:1',
        attemptMs: 300,
      }),
      tokens: new AcsTokenVerifier({ jwksUrl: settings.jwksUrl, issuer: 'i', audience: 'a', clock }),
      providers,
      realtime,
      agent: () => ({ locale: 'en-US', voice: 'en-US-AvaMultilingualNeural' }),
      storageTokens: {
        get: async () => ({ token: settings.storageToken, expiresOnTimestamp: Number.POSITIVE_INFINITY }),
      },
      clock,
      log,
    }),
    streamHostsDependency(store, settings.streamHostUrl),
  ].map(({ limitMs: _, ...spec }) => spec);
  const board = new DependencyBoard({ clock, log, dependencies, rhythm });
  board.start();
  context.after(() => {
    board.close();
    providers.close();
    redis.disconnect();
  });
  return board;
}
