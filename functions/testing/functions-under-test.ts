import { createServer } from 'node:http';
import { join } from 'node:path';
import { pino } from 'pino';
import { FunctionsHost } from '../../emulator/functions-host/host.ts';
import { assertDocumented } from '../../shared/http/testing/documented.ts';
import { SessionStore } from '../../shared/sessions/session-store.ts';
import { patientRedis, patientUrl } from '../../shared/sessions/testing/patient-redis.ts';
import { lendSettings } from '../../shared/testing/lent-settings.ts';
import { listening } from '../../shared/testing/listening.ts';
import { findRedis } from '../../start/redis.ts';
import { AcsDouble } from './acs-double.ts';

/** A JSON answer. Bodies are as loosely typed as the tests that look into them. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects, and fails where it is not there
  readonly body: any;
}

export interface FunctionsUnderTest {
  readonly baseUrl: string;
  readonly acs: AcsDouble;
  readonly store: SessionStore;
  /** A path below the prefix. A body that is no string is sent as JSON. Every answer must be as the reference says. */
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Says how much room the stream host has; with none said, it is not alive. */
  announce(load?: { sessions: number; maxSessions: number; agents?: readonly string[] }): Promise<void>;
  close(): Promise<void>;
}

/**
 * The functions as they run in development: the app from source, under the host, with a real Redis and a double of ACS.
 * @param settings take the place of those that are made up here
 * @param keys the function keys that requests must carry; without them, none
 * @param arriveWithinMs see {@link FunctionsHost}
 */
export async function startFunctions(
  settings: Record<string, string> = {},
  port = 0,
  keys?: { readonly master: string; readonly host: string },
  arriveWithinMs?: number,
): Promise<FunctionsUnderTest> {
  const silent = pino({ level: 'silent' });
  const redisServer = await findRedis({ log: silent });
  const acs = await AcsDouble.start();
  const streamHost = createServer((_, response) => response.end('{}'));
  const giveBack = lendSettings({
    LOG_LEVEL: 'error',
    FUNCTIONS_PUBLIC_URL: 'http://functions.example',
    STREAM_HOST_PUBLIC_URL: 'ws://media.example',
    STREAM_HOST_URL: `http://127.0.0.1:${await listening(streamHost)}`,
    REDIS_URL: patientUrl(redisServer.url),
    ACS_CONNECTION_STRING: acs.connectionString,
    ACS_RESOURCE_ID: AcsDouble.resourceId,
    ACS_JWKS_URL: `${acs.url}/calling/keys`,
    ACS_SOURCE_NUMBER: '+15550100',
    SPEECH_HOST: 'ws://speech.example',
    SPEECH_KEY: 'k',
    AZURE_OPENAI_BASE_URL: 'http://model.example',
    AZURE_OPENAI_API_KEY: 'k',
    AZURE_OPENAI_DEPLOYMENT: 'm',
    // Tests place many calls, mostly to one number.
    OUTBOUND_CALLS_PER_MINUTE: '100000',
    OUTBOUND_CALLS_PER_DAY: '100000',
    OUTBOUND_CALLS_PER_NUMBER_PER_DAY: '100000',
    OUTBOUND_CALLS_PER_CLIENT_PER_MINUTE: '100000',
    ...settings,
  });
  const root = join(import.meta.dirname, '../..');
  const host = await FunctionsHost.start({
    root,
    port,
    entry: 'functions/app.ts',
    log: silent,
    ...(keys && { keys }),
    ...(arriveWithinMs !== undefined && { arriveWithinMs }),
  });
  const redis = patientRedis(settings.REDIS_URL ?? redisServer.url);
  const store = new SessionStore(redis, { ttlSeconds: 600 });
  return {
    baseUrl: host.baseUrl,
    acs,
    store,
    async request(method, path, body, headers = {}) {
      const response = await fetch(`${host.baseUrl}/${path}`, {
        method,
        headers: { 'content-type': 'application/json', ...headers },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.includes('application/json') ?? true;
      const answer = text === '' ? undefined : isJson ? JSON.parse(text) : text;
      assertDocumented(method, new URL(response.url).pathname, response.status, answer);
      return { status: response.status, headers: response.headers, body: answer };
    },
    async announce(load) {
      await store.hosts.announce('host-1', load ?? { sessions: 0, maxSessions: 0 }, load ? 60_000 : 1);
      // Forgotten a millisecond after its last word.
      if (load === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    async close() {
      await host.close();
      redis.disconnect();
      streamHost.closeAllConnections();
      streamHost.close();
      acs.close();
      await redisServer.close();
      giveBack();
    },
  };
}
