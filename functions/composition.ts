import type { Redis } from 'ioredis';
import { apiDoor, eventGridDoor } from '../shared/auth/api-door.ts';
import { type Calls, openCalls } from '../shared/calls/open-calls.ts';
import type { Carrier } from '../shared/carrier/carrier.ts';
import type { CarrierProof } from '../shared/carrier/carrier-kind.ts';
import { THE_CARRIER } from '../shared/carrier/carriers.ts';
import { type Clock, systemClock } from '../shared/clock.ts';
import { ConfigError, messageOf } from '../shared/errors.ts';
import { acsDependency, acsKeysDependency } from '../shared/health/acs-dependencies.ts';
import { DependencyBoard } from '../shared/health/dependency-board.ts';
import { recordsDependency } from '../shared/health/records-dependency.ts';
import { redisDependency } from '../shared/health/redis-dependency.ts';
import { streamHostsDependency } from '../shared/health/stream-hosts-dependency.ts';
import { type Access, API_PREFIX } from '../shared/http/route.ts';
import { type Identity, openIdentity } from '../shared/identity/identity.ts';
import { SCOPES } from '../shared/identity/scopes.ts';
import { type NewId, randomIds, randomSecrets } from '../shared/ids.ts';
import { OutboundGate } from '../shared/limits/outbound-gate.ts';
import { OutboundPrices } from '../shared/limits/outbound-prices.ts';
import { createLog, type Logger } from '../shared/log.ts';
import { NumberTable } from '../shared/numbers/number-table.ts';
import { UnlistedNumbers } from '../shared/numbers/unlisted-numbers.ts';
import { openRecordStore } from '../shared/records/open-record-store.ts';
import type { RecordStore } from '../shared/records/record-store.ts';
import { connectRedis } from '../shared/sessions/connect.ts';
import { SessionErasure } from '../shared/sessions/session-erasure.ts';
import { SessionStore } from '../shared/sessions/session-store.ts';
import { TakenPlaces } from '../shared/sessions/taken-places.ts';
import { type FunctionsSettings, readFunctionsSettings } from '../shared/settings/functions-settings.ts';
import type { Environment } from '../shared/settings/setting.ts';
import { randomSpanIds } from '../shared/telemetry/call-trace.ts';
import { CallTraces, noCallTraces } from '../shared/telemetry/call-traces.ts';
import { SpanRelay } from '../shared/telemetry/span-relay.ts';
import { watchCommands } from '../shared/telemetry/watch-commands.ts';
import { Tickets } from '../shared/tickets/tickets.ts';
import { OverdueWork } from './calls/overdue-work.ts';
import { RingLegs } from './calls/ring-legs.ts';
import { AtOnce } from './http/at-once.ts';
import { Doors } from './http/doors.ts';
import { Once } from './once.ts';

/** What the routes work with: one of each in a process. */
export interface Parts extends Calls {
  readonly config: FunctionsSettings;
  /** What ACS hears in calls that it puts into words itself; undefined where it shall not. */
  readonly acsLocale: string | undefined;
  /** Who answers which number. */
  readonly numbers: NumberTable;
  readonly unlisted: UnlistedNumbers;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly store: SessionStore;
  readonly erasure: SessionErasure;
  /** Undefined where no records of calls are kept. */
  readonly records: RecordStore | undefined;
  readonly calls: Carrier;
  readonly tokens: CarrierProof;
  readonly doors: Doors;
  readonly gate: OutboundGate;
  readonly tickets: Tickets;
  readonly once: Once;
  readonly traces: CallTraces;
  readonly overdue: OverdueWork;
  readonly ringLegs: RingLegs;
  readonly taken: TakenPlaces;
  /** What the functions need of others, asked in the background. */
  readonly dependencies: DependencyBoard;
}

type State =
  | { readonly name: 'ready'; readonly parts: Parts; readonly redis: Redis; readonly identity: Identity }
  | { readonly name: 'misconfigured'; readonly error: unknown };

/**
 * Builds the parts from the environment, once. A bad setting must not throw while the app loads, because that takes
 * down every function without a word to the caller: it is logged at the start, and each request is told.
 */
export class Composition {
  readonly log: Logger;
  readonly atOnce = new AtOnce();
  readonly #state: State;

  constructor(env: Environment) {
    try {
      const config = readFunctionsSettings(env);
      this.log = createLog('functions', config.LOG_LEVEL);
      this.#state = { name: 'ready', ...build(config, this.log, env) };
    } catch (error) {
      this.log = createLog('functions', 'info');
      this.log.fatal(`${messageOf(error)}\nUntil then every request is answered with 503.`);
      this.#state = { name: 'misconfigured', error };
    }
  }

  get traces(): CallTraces {
    return this.#state.name === 'ready' ? this.#state.parts.traces : noCallTraces;
  }

  /** @throws {ConfigError} each time, where the settings are wrong */
  parts(): Parts {
    if (this.#state.name === 'misconfigured') throw this.#state.error;
    return this.#state.parts;
  }

  /**
   * What the platform asks for before a route's own door does. Where the settings are wrong, that is a key: who has none
   * learns nothing.
   */
  levelOf(access: Access): 'function' | 'anonymous' {
    if (this.#state.name === 'ready') return this.#state.parts.doors.levelOf(access);
    return access === 'api' || access === 'event-grid' ? 'function' : 'anonymous';
  }

  close(): void {
    if (this.#state.name !== 'ready') return;
    this.#state.parts.dependencies.close();
    this.#state.parts.traces.flush();
    this.#state.redis.disconnect();
    this.#state.identity.close();
  }
}

function build(config: FunctionsSettings, log: Logger, env: Environment) {
  const clock = systemClock;
  const acsHears = config.TRANSCRIPTION_SOURCE === 'acs';
  if (acsHears && config.AZURE_SPEECH_ENDPOINT === undefined) {
    throw new ConfigError(
      'TRANSCRIPTION_SOURCE is acs and AZURE_SPEECH_ENDPOINT is not set: ACS hears by that resource.',
    );
  }
  const identity = openIdentity({ clientId: config.AZURE_CLIENT_ID, env, clock, log });
  let traces = noCallTraces;
  const calls = THE_CARRIER.open({
    settings: config,
    credential: identity.credential,
    callbackBase: config.FUNCTIONS_PUBLIC_URL + API_PREFIX,
    mediaBase: config.STREAM_HOST_PUBLIC_URL + API_PREFIX,
    speechEndpoint: config.AZURE_SPEECH_ENDPOINT,
    watch: (what, request) => traces.client({ dependency: 'acs', method: 'POST', ...what }, request),
  });
  const tokens = THE_CARRIER.openProof(config, clock);
  const doors = new Doors({ api: apiDoor(config, clock), eventGrid: eventGridDoor(config, clock), carrier: tokens });
  const emulated = isEmulator(config);
  const numbers = NumberTable.read(config.AGENTS_FOLDER);
  const prices = config.OUTBOUND_PRICES === undefined ? undefined : OutboundPrices.read(config.OUTBOUND_PRICES);
  // Last, because it connects: nothing before it may leave a connection behind by throwing.
  const redis = connectRedis(config.REDIS_URL, log, {
    tokens: config.REDIS_IDENTITY ? identity.tokens(SCOPES.redis) : undefined,
  });
  traces = openTraces(env, config.REDIS_URL, redis, clock);
  const store = new SessionStore(redis, { ttlSeconds: config.SESSION_TTL_SECONDS, now: () => clock.wallMs() });
  const life = openCalls({
    ...{ redis, store, carrier: calls, clock, log, newId: randomIds },
    source: 'functions',
    traces,
    sessionTtlSeconds: config.SESSION_TTL_SECONDS,
    maxCallMs: config.MAX_CALL_MS,
  });
  const parts: Parts = {
    config,
    acsLocale: acsHears ? config.SPEECH_LANGUAGE : undefined,
    numbers,
    unlisted: new UnlistedNumbers(redis),
    clock,
    newId: randomIds,
    store,
    erasure: new SessionErasure(redis),
    records: openRecordStore(config, identity.credential),
    calls,
    tokens,
    doors,
    gate: new OutboundGate({ redis, clock, settings: config, prices, emulated }),
    tickets: new Tickets({ redis, clock, newSecret: randomSecrets, sessionTtlSeconds: config.SESSION_TTL_SECONDS }),
    once: new Once({ redis, clock, newId: randomIds }),
    ...life,
    traces,
    overdue: new OverdueWork(life.work, clock),
    ringLegs: new RingLegs({ redis, store }),
    taken: new TakenPlaces(store.hosts, clock),
    dependencies: new DependencyBoard({
      clock,
      log,
      dependencies: [
        redisDependency(redis, store, randomIds),
        acsDependency(calls),
        acsKeysDependency(tokens),
        recordsDependency(config.CALL_RECORDS_URL, identity.tokens(SCOPES.storage), config.CALL_RECORDS_DIR),
        streamHostsDependency(store, config.STREAM_HOST_URL),
      ],
    }),
  };
  if (config.OUTBOUND_COUNTRIES === undefined && !emulated) {
    log.warn('OUTBOUND_COUNTRIES is not set: calls may be placed to every country. Name those that you call.');
  }
  parts.dependencies.start();
  return { parts, redis, identity };
}

/** Where somebody takes them: what the functions do for calls is exported by a stream host. */
function openTraces(env: Environment, redisUrl: string, redis: Redis, clock: Clock): CallTraces {
  // The platform's own variables, and OpenTelemetry's.
  if (!env.APPLICATIONINSIGHTS_CONNECTION_STRING && !env.OTEL_EXPORTER_OTLP_ENDPOINT) return noCallTraces;
  const sink = new SpanRelay({ redis, clock });
  const traces = new CallTraces({ sink, clock, newSpanId: randomSpanIds, redisUrl });
  watchCommands(redis, traces);
  return traces;
}

/** ACS itself has no plain http, and is not on this machine. */
function isEmulator({ ACS_ENDPOINT, ACS_CONNECTION_STRING = '' }: FunctionsSettings): boolean {
  const address = ACS_ENDPOINT ?? /^endpoint=([^;]+)/i.exec(ACS_CONNECTION_STRING)?.[1] ?? 'https://none';
  const { protocol, hostname } = new URL(address);
  return protocol === 'http:' || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
