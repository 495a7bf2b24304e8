import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { createServices } from '../agents/services.ts';
import { SAMPLE_RATE } from '../shared/audio/pcm.ts';
import { apiDoor } from '../shared/auth/api-door.ts';
import { ONLY_WATCH } from '../shared/calls/voicemail-policy.ts';
import { THE_CARRIER } from '../shared/carrier/carriers.ts';
import { type Cancel, type Clock, systemClock } from '../shared/clock.ts';
import { ConfigError } from '../shared/errors.ts';
import { API_PREFIX } from '../shared/http/route.ts';
import { openIdentity } from '../shared/identity/identity.ts';
import { SCOPES } from '../shared/identity/scopes.ts';
import { randomIds, randomSecrets } from '../shared/ids.ts';
import type { Logger } from '../shared/log.ts';
import { NumberTable } from '../shared/numbers/number-table.ts';
import { ProcessVitals } from '../shared/process-vitals.ts';
import { openRecordStore } from '../shared/records/open-record-store.ts';
import { PriceTable } from '../shared/records/price-table.ts';
import { tracedRecords } from '../shared/records/traced-records.ts';
import { connectRedis } from '../shared/sessions/connect.ts';
import type { StreamHostSettings } from '../shared/settings/stream-host-settings.ts';
import { servesThisMachineAlone, ticketsRequired } from '../shared/settings/this-machine.ts';
import { randomSpanIds } from '../shared/telemetry/call-trace.ts';
import { CallTraces, noCallTraces } from '../shared/telemetry/call-traces.ts';
import { METRIC } from '../shared/telemetry/names.ts';
import { readVersion } from '../shared/version.ts';
import { abilitiesOfAgents } from './agent/agent-abilities.ts';
import { agentIn } from './agent/agent-language.ts';
import { AgentShelf } from './agent/agent-shelf.ts';
import { requireDefaultAgent } from './agent/default-agent.ts';
import { isScripted } from './agent/model-client.ts';
import { ModelResponder } from './agent/model-responder.ts';
import { saidOf } from './agent/recording-settings.ts';
import { assembleHost, type HostParts } from './assemble.ts';
import type { ModeKind, Modes } from './contract/mode.ts';
import { detectorAnswers } from './health/detector-answers.ts';
import { hostServices } from './health/host-services.ts';
import { Admission } from './host/admission.ts';
import { LoadMeter } from './host/load-meter.ts';
import { readVitals } from './host/vitals.ts';
import { ClientLimits } from './http/client-limits.ts';
import { isLoopback, originOf } from './http/origins.ts';
import { Page } from './http/page.ts';
import { ReferencePage } from './http/reference-page.ts';
import type { TicketRules } from './http/ticket-door.ts';
import { mediaMode } from './modes/media/media-mode.ts';
import { ProcessSpeech, phrasesOf } from './modes/media/media-speech.ts';
import { modeProblems } from './modes/mode-problems.ts';
import { openWebhook } from './modes/transcription/open-webhook.ts';
import { transcriptionMode } from './modes/transcription/transcription-mode.ts';
import { voiceLiveMode } from './modes/voice-live/voice-live-mode.ts';
import { type HostProviders, openProviders } from './open-providers.ts';
import { BeatClock } from './playout/beat-clock.ts';
import { guardedRealtime } from './realtime/guarded-realtime.ts';
import { realtimeServiceOf } from './realtime/realtime-service.ts';
import { CallRecords } from './record/call-records.ts';
import { recordable } from './replay/recorded-conversation.ts';
import { servicePlaces } from './service-places.ts';
import type { RecordingPlan } from './session/call-recording.ts';
import type { ReceptionOptions } from './session/reception.ts';
import { VoiceActivityLane } from './speech/voice-activity/voice-activity-lane.ts';
import { countCall } from './telemetry/dependency-metrics.ts';
import { observeSessions } from './telemetry/observe-sessions.ts';
import { relayFunctionsSpans } from './telemetry/relayed-spans.ts';
import { startTelemetry } from './telemetry/start.ts';
import { watchHost } from './telemetry/watch-host.ts';
import { watchedMode } from './voicemail/watched-mode.ts';

/** The project's folder, whether the source runs or the build in `dist/`. */
const ROOT = new URL(import.meta.url.endsWith('.ts') ? '../' : '../../', import.meta.url);

/** The streaming half at work. */
export interface StreamHost {
  readonly port: number;
  /** Fails readiness and lets nobody in; resolves when no call is left, after `waitMs` at the latest. */
  drain(reason: string, waitMs: number): Promise<void>;
  /** Hands the calls that are left over to other hosts, each in a pause of its talk, which is waited for so long at most. */
  move(pauseMs: number): Promise<void>;
  /** Fails readiness, tells every socket to go elsewhere, waits up to `drainMs` for them, and closes all. */
  close(reason: string, drainMs: number): Promise<void>;
}

/** Who is told that the process may not be sound, or is not. */
export type Alarms = Pick<HostParts, 'onUnexpected' | 'onBroken'>;

/**
 * Puts the streaming half together from its settings: loads everything, then opens the port.
 * @throws {ConfigError} a bad agent definition, a DEFAULT_AGENT or a model that is not there, a port that is taken
 */
export async function startStreamHost(
  config: StreamHostSettings,
  log: Logger,
  alarms: Alarms = {},
  clock: Clock = systemClock,
): Promise<StreamHost> {
  // Closes what was opened, in the opposite order; here where starting fails, else when the host is closed.
  await using opened = new AsyncDisposableStack();

  const identity = openIdentity({ clientId: config.AZURE_CLIENT_ID, env: process.env, clock, log });
  opened.defer(() => identity.close());
  const place = `${hostname()}:${config.STREAM_HOST_PORT}`;
  // First of all: what takes a tracer before it does never records anything.
  const telemetry = await startTelemetry({
    ...{ config, credential: identity.credential, place, version: readVersion(), clock, log },
  });
  opened.defer(() => telemetry.close());
  const warmUp = telemetry.warmUp();
  const traces = telemetry.isOn
    ? new CallTraces({
        ...{ sink: telemetry.spans, clock, newSpanId: randomSpanIds, redisUrl: config.REDIS_URL },
        onUntold: (call) => countCall(telemetry.metrics, call),
      })
    : noCallTraces;
  const aiToken = async () => (await identity.tokens(SCOPES.ai).get()).token;
  const realtime = realtimeServiceOf(config, {
    clock,
    log,
    newId: randomIds,
    token: aiToken,
    secretOf: (name) => process.env[name],
  });
  const shelf = await AgentShelf.open({
    folder: config.AGENTS_FOLDER,
    realtimeProblems: realtime && ((settings) => realtime.problems(settings)),
    services: createServices(),
    hostLanguage: config.SPEECH_LANGUAGE,
    reloadable: config.WATCH_AGENTS,
    clock,
    log,
  });
  opened.defer(() => shelf.close());
  const names = [...shelf.agents.keys()];
  requireDefaultAgent(names, config.DEFAULT_AGENT);
  // The functions go by it; here it is held against what there is.
  const numbers = NumberTable.read(config.AGENTS_FOLDER);
  if (config.SMART_TURN_MODEL !== undefined) {
    log.warn('SMART_TURN_MODEL has no effect any more: the words alone say when a caller has finished. Take it out.');
  }
  log.info({ agents: names, default: config.DEFAULT_AGENT }, 'agents loaded; loading voice activity detection');
  const lane = await VoiceActivityLane.start({ clock, log, runtime: config.VOICE_ACTIVITY_RUNTIME });
  opened.defer(() => lane.close());

  const vitals = new ProcessVitals(clock);
  opened.defer(() => vitals.close());
  const redis = connectRedis(config.REDIS_URL, log, {
    tokens: config.REDIS_IDENTITY ? identity.tokens(SCOPES.redis) : undefined,
  });
  opened.defer(() => redis.disconnect());
  const load = new LoadMeter(clock, lane, vitals);
  const { credential } = identity;
  const providers = openProviders({ config, credential, aiToken, clock, random: Math.random, log });
  opened.defer(() => providers.close());
  const { client: model } = providers.models.all[0].service;
  // A resource of Azure has no scripted dialogue, and need not be asked.
  const scripted = config.EMULATOR_URL === undefined ? undefined : watchScripted(() => isScripted(model), clock, log);
  opened.defer(() => scripted?.close());
  const calls = THE_CARRIER.open({
    settings: config,
    credential: identity.credential,
    callbackBase: config.FUNCTIONS_PUBLIC_URL + API_PREFIX,
    mediaBase: config.STREAM_HOST_PUBLIC_URL + API_PREFIX,
    watch: (what, request) => traces.client({ dependency: 'acs', method: 'POST', ...what }, request),
  });

  const onTaskError = (err: unknown) => {
    log.error({ err }, 'a frame could not be played');
    alarms.onUnexpected?.(err);
  };
  const beat = new BeatClock({ clock, onTaskError });
  opened.defer(() => beat.close());
  const speech = new ProcessSpeech({
    config,
    hearing: providers.hearing,
    voices: providers.voices,
    openVoiceActivity: lane.open,
    playoutClock: beat,
    clock,
    log,
  });
  opened.defer(() => speech.close());
  speech.prepare(phrasesOf(shelf.agents));
  const onGivenUp = () => telemetry.metrics.record(METRIC.wordsGivenUp, 1);
  const webhook = openWebhook({ config, redis, clock, random: Math.random, newId: randomIds, traces, onGivenUp, log });
  if (webhook) opened.defer(() => webhook.close());
  /** What this deployment can do with a line. A mode whose service is not configured is not there. */
  const turnsOf = (agent: string) => shelf.require(agent).turns;
  const media = mediaMode({
    openSpeech: (sessionLog, locale, onUsed, onServed) => speech.open(sessionLog, locale, onUsed, onServed),
    turnsOf,
    converse: recordable,
  });
  /** Calls that we place are listened to by somebody who tells who has answered. */
  const watched = (mode: ModeKind) =>
    watchedMode(mode, {
      policyOf: (agent, facts) => facts.voicemail ?? shelf.require(agent).voicemail ?? ONLY_WATCH,
      openSpeech: (sessionLog, locale, onUsed, onServed) => speech.open(sessionLog, locale, onUsed, onServed),
    });
  const modes: Modes = {
    media: watched(media),
    ...(realtime && {
      voice_live: watched(
        voiceLiveMode({
          openRealtime: guardedRealtime(realtime, providers.realtime, clock),
          model: realtime.model,
          rateHz: realtime.rateHz(SAMPLE_RATE),
          openVoiceActivity: lane.open,
          standbyFor: (locale) => speech.standbyFor(locale),
          turnsOf,
          playoutClock: beat,
          random: Math.random,
          fallback: media,
        }),
      ),
    }),
    transcription: watched(
      transcriptionMode({
        ...speech.forTranscription(),
        languagesOf: (agent) => shelf.require(agent).languages,
        noticeOf: (agent) => shelf.require(agent).notice,
        acsHears: config.TRANSCRIPTION_SOURCE === 'acs',
        ...(webhook && { onOpen: (id) => webhook.attend(id), onFinal: (id) => webhook.nudge(id) }),
      }),
    ),
  };
  const problems = () => [
    ...modeProblems(modes, config.ACS_STREAMING_MODE, shelf.cards, numbers.modes),
    ...numbers.problems(shelf.cards),
  ];
  const [problem] = problems();
  if (problem !== undefined) throw new ConfigError(problem);
  const tokens = THE_CARRIER.openProof(config, clock);
  const emulatorUrl = config.EMULATOR_URL;
  const agent = () => shelf.require(config.DEFAULT_AGENT);
  const records = new CallRecords({
    store: tracedRecords(openRecordStore(config, identity.credential), config.CALL_RECORDS_URL, traces),
    prices: config.CALL_PRICES === undefined ? undefined : PriceTable.read(config.CALL_PRICES),
    privacy: { words: config.RECORD_WORDS, audio: config.RECORD_AUDIO, numbers: config.RECORD_NUMBERS },
    clock,
    version: readVersion(),
    agentVersion: (name) => shelf.versionOf(name),
    host: place,
  });
  const host = assembleHost({
    ...alarms,
    release: process.env.CONTAINER_APP_REVISION ?? readVersion(),
    clock,
    newId: randomIds,
    log,
    host: { place, boot: randomIds().slice(0, 8) },
    redis,
    sessionTtlSeconds: config.SESSION_TTL_SECONDS,
    maxSessions: config.MAX_SESSIONS,
    maxBrowserSessions: config.MAX_BROWSER_SESSIONS ?? Math.max(1, Math.floor(config.MAX_SESSIONS / 2)),
    openAdmission: (countSessions) => new Admission({ clock, log, readLoad: () => load.read(), countSessions }),
    defaultMode: config.ACS_STREAMING_MODE,
    modes,
    agents: () => shelf.cards,
    abilities: () => abilitiesOfAgents(shelf.agents, config.RECORDING_NOTICE_URL),
    openResponder: responders(shelf, providers.models, clock, config.RECORDING_NOTICE_URL),
    records,
    calls,
    callDesk: { carrier: calls, recording: recordingPlanOf(config) },
    defaultAgent: config.DEFAULT_AGENT,
    isScripted: () => scripted?.isScripted() ?? false,
    maxCallMs: config.MAX_CALL_MS,
    line: THE_CARRIER.line,
    callIdHeader: THE_CARRIER.callIdHeader,
    longestMessageMs: config.ACS_MESSAGE_MS,
    logTranscripts: config.LOG_TRANSCRIPTS,
    traces,
    observe: telemetry.isOn
      ? observeSessions({
          ...{ telemetry, places: servicePlaces(providers, realtime), providers: providers.events },
          ...{ content: config.LOG_TRANSCRIPTS, clock, newSpanId: randomSpanIds },
        })
      : undefined,
    admitCarrier: (header) => tokens.admit(header, 'socket'),
    newSecret: randomSecrets,
    ticketRules: {
      requireTickets: ticketsRequired(config),
      servesThisMachineAlone: servesThisMachineAlone(config),
      signIn: config.SIGN_IN,
      verifyCaller: callerVerifier(config, clock),
    },
    allowedOrigins: [originOf(config.STREAM_HOST_PUBLIC_URL), ...config.ALLOWED_ORIGINS],
    allowLocalPages: emulatorUrl !== undefined || isLoopback(config.STREAM_HOST_PUBLIC_URL),
    clients: new ClientLimits({
      clock,
      maxSessions: config.MAX_CLIENT_SESSIONS,
      opensPerMinute: config.MAX_CLIENT_OPENS_PER_MINUTE,
    }),
    trustedProxyHops: config.TRUSTED_PROXY_HOPS,
    page: new Page({ webFolder: pathOf('web'), scriptsFolder: pathOf('dist'), emulatorUrl }),
    functionsUrl: config.FUNCTIONS_URL,
    reference: {
      version: readVersion(),
      // What this port has is asked for where the page was loaded from, by whatever name.
      functionsUrl: config.FUNCTIONS_URL === undefined ? config.FUNCTIONS_PUBLIC_URL : '/',
      streamHostUrl: '/',
      socketsUrl: config.STREAM_HOST_PUBLIC_URL,
      asked: { api: config.API_AUTH, eventGrid: config.EVENT_GRID_AUTH },
    },
    referencePage: new ReferencePage(pathOf('.')),
    pageSettings: { emulatorUrl: emulatorUrl ?? null, agent: config.DEFAULT_AGENT, version: readVersion() },
    parts: {
      agents: async () => agent(),
      voiceActivity: (signal) => detectorAnswers(lane.open, signal),
    },
    // Whoever writes an agent's file anew, with WATCH_AGENTS, may take his time.
    mending: ['agents'],
    services: hostServices({
      ...{ config, calls, tokens, providers, realtime, agent, clock, log },
      storageTokens: identity.tokens(SCOPES.storage),
    }),
    readVitals: (live, admission) => readVitals({ process: vitals, live, lane, admission }),
  });
  if (telemetry.isOn) {
    const read = () => ({ ...host.reading(), playoutLateMs: beat.takeLatestMs() });
    opened.defer(watchHost({ metrics: telemetry.metrics, read, providers: providers.events, clock }));
    const relayed = relayFunctionsSpans({ redis, telemetry, clock, log });
    opened.defer(() => relayed.close());
  }
  // Before anybody is let in.
  await warmUp;
  const port = await host.open(config.STREAM_HOST_PORT, config.STREAM_HOST_BIND);
  if (config.WATCH_AGENTS) {
    shelf.watch(() => {
      speech.prepare(phrasesOf(shelf.agents));
      for (const problem of problems()) log.error(problem);
      void host.announce();
    });
  }

  const resources = opened.move();
  return {
    port,
    async drain(reason, waitMs) {
      await host.drain(reason, waitMs);
    },
    async move(pauseMs) {
      await host.move(pauseMs);
    },
    async close(reason, drainMs) {
      await host.close(reason, drainMs);
      await resources.disposeAsync();
    },
  };
}

/** Whether a caller of the API has sent a request; undefined where the API asks for keys, which are the functions' own. */
function callerVerifier(config: StreamHostSettings, clock: Clock): TicketRules['verifyCaller'] {
  const door = apiDoor(config, clock);
  if (door.asks === 'key') return undefined;
  return (authorization) => door.admit((name) => (name === 'authorization' ? authorization : null));
}

const SCRIPTED_EVERY_MS = 5000;

/**
 * Knows whether a demo dialogue answers instead of a language model, so that people can be told. Asked again now and
 * then, because the emulator may start later than this process or again with other settings.
 */
function watchScripted(ask: () => Promise<boolean>, clock: Clock, log: Logger) {
  let [isScripted, isClosed] = [false, false];
  let cancel: Cancel = () => {};
  const look = async (): Promise<void> => {
    const now = await ask();
    if (isClosed) return;
    if (now && !isScripted) log.info('a scripted demo dialogue answers, no language model');
    isScripted = now;
    cancel = clock.after(SCRIPTED_EVERY_MS, () => void look());
  };
  void look();
  const close = () => {
    isClosed = true;
    cancel();
  };
  return { isScripted: () => isScripted, close };
}

function responders(
  shelf: AgentShelf,
  models: HostProviders['models'],
  clock: Clock,
  noticeUrl: string | undefined,
): ReceptionOptions['openResponder'] {
  return (name, log, session, recorder) => {
    const agent = agentIn(shelf.require(name), session.language);
    const recording = saidOf(agent.recording, noticeUrl);
    return new ModelResponder({ ...{ models, session, clock, log, recorder }, agent: { ...agent, recording } });
  };
}

const recordingPlanOf = (config: StreamHostSettings): RecordingPlan => ({
  wish: { channels: config.RECORDING_CHANNELS, format: 'wav', containerUrl: config.RECORDING_CONTAINER_URL },
  noticeUrl: config.RECORDING_NOTICE_URL,
});

const pathOf = (folder: string): string => fileURLToPath(new URL(folder, ROOT));
