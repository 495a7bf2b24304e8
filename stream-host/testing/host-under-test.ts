import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { pino } from 'pino';
import { MEDIA_TOKEN_SECONDS, TokenIssuer } from '../../emulator/acs/token-issuer.ts';
import { BYTES_PER_MS, FrameCutter, rmsOf } from '../../shared/audio/pcm.ts';
import { AcsTokenVerifier } from '../../shared/auth/acs-token.ts';
import { acsLine } from '../../shared/carrier/acs/acs-line.ts';
import type { CarrierKind } from '../../shared/carrier/carrier-kind.ts';
import { type Clock, systemClock } from '../../shared/clock.ts';
import { randomIds, randomSecrets } from '../../shared/ids.ts';
import type { Logger } from '../../shared/log.ts';
import { ProcessVitals } from '../../shared/process-vitals.ts';
import { connectRedis } from '../../shared/sessions/connect.ts';
import type { NewSession } from '../../shared/sessions/session-store.ts';
import { listening } from '../../shared/testing/listening.ts';
import { type TicketGrant, Tickets } from '../../shared/tickets/tickets.ts';
import { startEmbeddedRedis } from '../../start/redis-embedded.ts';
import { startRedisServer } from '../../start/redis-server.ts';
import { defaultPhrases } from '../agent/phrases.ts';
import { assembleHost, type HostParts } from '../assemble.ts';
import type { ReplyPiece, Responder } from '../contract/agent.ts';
import type { OpenRecogniser, OpenVoiceActivity, Synthesiser } from '../contract/speech.ts';
import { readVitals } from '../host/vitals.ts';
import { ClientLimits, type ClientLimitsOptions } from '../http/client-limits.ts';
import { Page } from '../http/page.ts';
import { ReferencePage } from '../http/reference-page.ts';
import { mediaMode } from '../modes/media/media-mode.ts';
import { recordable } from '../replay/recorded-conversation.ts';
import { Client, LOUD, QUIET } from './far-side.ts';

export { Client, LOUD, QUIET };

/** What the recogniser of these tests hears whatever was said. */
export const HEARD = 'where is my order';
export const GREETING = 'Hello.';
export const ANSWER = 'It is on its way and will be with you tomorrow.';

const silent = pino({ level: process.env.TEST_LOG ?? 'silent' });
const detectorFrameBytes = 32 * BYTES_PER_MS;

/** Loudness, of real audio: no more is needed to tell the two sounds above apart. */
const openVoiceActivity: OpenVoiceActivity = (events) => {
  const cutter = new FrameCutter(detectorFrameBytes);
  return {
    write: (pcm) => cutter.write(pcm, (frame) => events.onFrame(rmsOf(frame) > 0.05 ? 0.95 : 0.02, systemClock.now())),
    close() {},
  };
};

/** Hears {@link HEARD} in every phrase: a partial in the middle, the final once it is quiet again. */
const openRecogniser: OpenRecogniser = (events) => {
  let writtenMs = 0;
  let phrase: { readonly startMs: number; loudMs: number; quietMs: number } | undefined;
  return {
    write(pcm) {
      const ms = pcm.length / BYTES_PER_MS;
      const isLoud = rmsOf(pcm) > 0.05;
      if (isLoud) phrase ??= { startMs: writtenMs, loudMs: 0, quietMs: 0 };
      writtenMs += ms;
      if (!phrase) return;
      phrase.loudMs += isLoud ? ms : 0;
      phrase.quietMs = isLoud ? 0 : phrase.quietMs + ms;
      if (isLoud && phrase.loudMs === 200) events.onPartial('where is', phrase.startMs, writtenMs);
      if (phrase.quietMs < 200) return;
      const { startMs } = phrase;
      phrase = undefined;
      events.onFinal(HEARD, startMs, writtenMs - 200);
    },
    restart() {},
    close() {},
  };
};

/** A tone, 10 ms for each character, with the times of the words. */
const synthesiser: Synthesiser = {
  async *speak(text) {
    for (const word of text.matchAll(/\S+/g)) {
      yield { type: 'word', text: word[0], startMs: word.index * 10, durationMs: word[0].length * 10 };
    }
    yield { type: 'audio', pcm: new Uint8Array(text.length * 10 * BYTES_PER_MS).fill(7) };
  },
};

/** Loudness is judged on the spot here, in no lane of threads. */
const NO_LANE = { sessions: 0, batches: 0, frames: 0, inferred: 0, dropped: 0, restarts: 0, runtime: undefined };

export const call = { callId: 'c1', name: 'look_up_order', args: { order: '1042' } };

/** Looks an order up and says so. */
export const responder = (): Responder => ({
  phrases: defaultPhrases('en-US', GREETING),
  locale: 'en-US',
  voice: 'test',
  async *respond(): AsyncGenerator<ReplyPiece> {
    yield { type: 'tool-started', call };
    yield { type: 'tool-ended', call, elapsedMs: 3, result: { status: 'shipped' } };
    yield { type: 'text', text: ANSWER };
  },
});

export interface HostOptions
  extends Partial<
    Pick<
      HostParts,
      | 'waits'
      | 'maxCallMs'
      | 'openResponder'
      | 'modes'
      | 'defaultMode'
      | 'agents'
      | 'openAdmission'
      | 'maxSessions'
      | 'maxBrowserSessions'
      | 'probeMs'
      | 'trustedProxyHops'
      | 'functionsUrl'
      | 'requestLimits'
      | 'services'
      | 'records'
      | 'callDesk'
      | 'traces'
      | 'observe'
    >
  > {
  /** What one client may have; without it, all. */
  readonly clientLimits?: Omit<ClientLimitsOptions, 'clock'>;
  readonly place?: string;
  /** Of the host and its sessions; what is played goes by the machine's in any case. */
  readonly clock?: Clock;
  /** Another carrier than ACS, and what its sockets prove themselves by. */
  readonly carrier?: Pick<CarrierKind, 'line' | 'callIdHeader'>;
  readonly admitCarrier?: HostParts['admitCarrier'];
  /** Where it listens; without it, anywhere. */
  readonly port?: number;
  /** Who carries its calls, in place of one that only writes down who was hung up. */
  readonly calls?: HostParts['calls'];
  readonly hangUp?: (callConnectionId: string) => Promise<void>;
  readonly log?: Logger;
  readonly allowedOrigins?: readonly string[];
  /** Without them, a host of development. Tests of doors set REQUIRE_TICKETS. */
  readonly ticketRules?: Partial<HostParts['ticketRules']>;
  /** Whose tokens open the media sockets; without it, {@link acsTokens}. */
  readonly acs?: { readonly issuer: string; readonly audience: string; readonly jwksUrl: string };
}

/** Hosts first: with their Redis gone they would wait for it. */
const hosts: (() => Promise<void>)[] = [];

/** A Redis for one test file: a real server where there is one on the path. Closed after the file, as all hosts are. */
export async function redisForTests(): Promise<{ readonly url: string }> {
  const redis = (await startRedisServer()) ?? (await startEmbeddedRedis());
  after(async () => {
    await Promise.all(hosts.map((close) => close()));
    await redis.close();
  });
  return redis;
}

const ACS = { issuer: 'https://acs.example', audience: 'resource-1' };
/** Signs tokens as ACS does, for the media sockets of these hosts. */
export const acsTokens = await TokenIssuer.create(ACS);

/** The stream host as `main.ts` puts it together, on a free port and a real Redis, with speech and model of the tests'. */
export async function startHost(redisUrl: string, options: HostOptions = {}) {
  const log = options.log ?? silent;
  const keyServer = createServer((_, response) =>
    response.setHeader('content-type', 'application/json').end(JSON.stringify(acsTokens.jwks)),
  );
  const keyPort = await listening(keyServer);
  const jwksUrl = `http://127.0.0.1:${keyPort}/calling/keys`;
  const verifier = new AcsTokenVerifier({ ...ACS, jwksUrl, ...options.acs, clock: systemClock });

  const folder = await mkdtemp(join(tmpdir(), 'parley-page-'));
  const webFolder = join(folder, 'web');
  await mkdir(webFolder);
  await writeFile(join(webFolder, 'index.html'), '<!doctype html><title>Parley</title>');
  await writeFile(join(webFolder, 'secret.ts'), 'export const secret = 1;');
  await writeFile(join(folder, 'outside.css'), 'html {}');

  const redis = connectRedis(redisUrl, log);
  const host = { place: options.place ?? `place-${keyPort}`, boot: `boot-${keyPort}` };
  const hungUp: string[] = [];
  const vitals = new ProcessVitals(systemClock);
  const assembled = assembleHost({
    clock: options.clock ?? systemClock,
    newId: randomIds,
    log,
    host,
    redis,
    sessionTtlSeconds: 600,
    maxSessions: options.maxSessions ?? 20,
    maxBrowserSessions: options.maxBrowserSessions,
    probeMs: options.probeMs ?? { phone: 300, browser: 300 },
    ...(options.openAdmission && { openAdmission: options.openAdmission }),
    modes: {
      media: mediaMode({
        openSpeech: () => ({ openVoiceActivity, openRecogniser, synthesiser, playoutClock: systemClock }),
        turnsOf: () => ({}),
        converse: recordable,
      }),
      ...options.modes,
    },
    ...(options.defaultMode !== undefined && { defaultMode: options.defaultMode }),
    agents: options.agents ?? (() => [{ name: 'orders', description: 'Answers.', languages: ['en-US'] }]),
    openResponder: options.openResponder ?? responder,
    records: options.records,
    traces: options.traces,
    observe: options.observe,
    ...(options.callDesk && { callDesk: options.callDesk }),
    calls: options.calls ?? {
      state: async () => 'connected',
      stopMedia: async () => false,
      startMedia: async () => {},
      startTranscription: async () => {},
      participants: async () => [],
      recordingState: async () => 'inactive',
      stopRecording: async () => {},
      end: async (callConnectionId) => hungUp.push(callConnectionId) > 0,
      hangUp: options.hangUp ?? (async (callConnectionId) => void hungUp.push(callConnectionId)),
    },
    defaultAgent: 'orders',
    isScripted: () => true,
    maxCallMs: options.maxCallMs ?? 60_000,
    logTranscripts: false,
    ...(options.waits && { waits: options.waits }),
    line: options.carrier?.line ?? acsLine,
    callIdHeader: options.carrier === undefined ? 'x-ms-call-connection-id' : options.carrier.callIdHeader,
    admitCarrier: options.admitCarrier ?? ((header) => verifier.admit(header, 'socket')),
    newSecret: randomSecrets,
    ticketRules: { requireTickets: false, servesThisMachineAlone: true, signIn: 'none', ...options.ticketRules },
    requestLimits: options.requestLimits,
    allowedOrigins: options.allowedOrigins ?? [],
    allowLocalPages: true,
    clients: options.clientLimits && new ClientLimits({ clock: systemClock, ...options.clientLimits }),
    trustedProxyHops: options.trustedProxyHops,
    functionsUrl: options.functionsUrl,
    page: new Page({ webFolder, scriptsFolder: join(folder, 'dist'), emulatorUrl: 'http://127.0.0.1:8090' }),
    reference: {
      version: '0.0.0',
      functionsUrl: '/',
      streamHostUrl: '/',
      socketsUrl: 'ws://host.example',
      asked: { api: 'key', eventGrid: 'key' },
    },
    referencePage: new ReferencePage(join(import.meta.dirname, '../..')),
    pageSettings: { emulatorUrl: null, agent: 'orders', version: '0.0.0' },
    parts: {},
    services: options.services ?? [],
    readVitals: (live, admission) => readVitals({ process: vitals, live, lane: { stats: () => NO_LANE }, admission }),
  });
  const { store, live, server } = assembled;
  const tickets = new Tickets({ redis, clock: systemClock, newSecret: randomSecrets, sessionTtlSeconds: 600 });
  const port = await assembled.open(options.port ?? 0, '127.0.0.1');
  await assembled.health.first;

  const close = async (reason = 'The test is over.') => {
    await assembled.close(reason, 3000);
    vitals.close();
    redis.disconnect();
    keyServer.close();
    keyServer.closeAllConnections();
    await rm(folder, { recursive: true, force: true });
  };
  hosts.push(() => close());

  const connect = (path: string, headers: Record<string, string> = {}) =>
    Client.connect(`ws://127.0.0.1:${port}${path}`, headers);
  return {
    store,
    redis,
    live,
    host,
    hungUp,
    server,
    reading: () => assembled.reading(),
    /** What its process does before it ends. */
    leave: async (pauseMs: number) => {
      await assembled.drain('It is being restarted.', 0);
      await assembled.move(pauseMs);
    },
    http: `http://127.0.0.1:${port}`,
    close,
    connect,
    /** Made as the functions make it. */
    ticket: async (grant: TicketGrant) => (await tickets.issue(grant)).ticket,
    /** The media socket of a call, with a valid token. */
    phone: async (callId: string | undefined, sessionId?: string) =>
      connect(`/api/v1/media/stream${sessionId === undefined ? '' : `?session_id=${sessionId}`}`, {
        authorization: `Bearer ${await acsTokens.sign(MEDIA_TOKEN_SECONDS)}`,
        ...(callId !== undefined && { 'x-ms-call-connection-id': callId }),
      }),
    browser: (query = '') => connect(`/api/v1/realtime/conversation${query}`),
  };
}

export type HostUnderTest = Awaited<ReturnType<typeof startHost>>;

/** Fields of a phone call's session. */
export const phoneSession = (id: string): NewSession => ({
  id,
  channel: 'phone',
  direction: 'inbound',
  mode: 'media',
  agent: 'orders',
  status: 'connected',
});
