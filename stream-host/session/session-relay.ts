import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Cancel, Clock } from '../../shared/clock.ts';
import { DependencyError, messageOf } from '../../shared/errors.ts';
import { jsonOf } from '../../shared/json.ts';
import type { Logger } from '../../shared/log.ts';
import type { BrowserMessage } from '../../shared/protocol/browser.ts';
import type { RelayMessage } from '../../shared/protocol/relay.ts';
import type { Session } from '../../shared/sessions/session.ts';
import { within } from '../../shared/within.ts';
import type { SessionEventSource } from '../contract/events.ts';
import { type BrowserSession, tellBrowser } from '../transport/browser-messages.ts';

/** One message about a session, ready to be sent on. */
export interface Relayed {
  readonly sessionId: string;
  readonly callConnectionId: string | null;
  /** The page that asked for the call, where one did. */
  readonly browserSessionId: string | null;
  /** A {@link RelayMessage} as JSON. */
  readonly text: string;
}

export interface SessionRelayOptions {
  /** Publishes, and stays the caller's to close; whoever listens gets a connection of his own. */
  readonly redis: Redis;
  readonly clock: Clock;
  readonly log: Logger;
}

const CHANNEL = 'parley:relay:sessions';
/** The shortest time between two commands of a host to Redis. What happens meanwhile goes together. */
const BATCH_MS = 50;
/** Where nobody listens, this long nothing is even put into words, nor Redis asked. */
const UNHEARD_MS = 500;
/** Messages that wait while Redis is slow; beyond, the oldest are dropped. */
const MOST_WAITING = 512;
/** How long the subscription may take. */
const LISTEN_MS = 3000;

const batch = z.array(z.tuple([z.string(), z.string().nullable(), z.string().nullable(), z.string()]));

/**
 * Tells what happens in the sessions of this host to whoever watches, on any host, through Redis. Nobody waits for it:
 * what Redis does not take in time is dropped and counted.
 */
export class SessionRelay {
  readonly #options: SessionRelayOptions;
  readonly #listeners = new Set<(message: Relayed) => void>();
  #waiting: z.infer<typeof batch> = [];
  #publishing = false;
  #cancelNext: Cancel | undefined;
  #unheardUntil = 0;
  #dropped = 0;
  #ear: { readonly redis: Redis; readonly listening: Promise<void> } | undefined;

  constructor(options: SessionRelayOptions) {
    this.#options = options;
  }

  /** Messages that no watcher got, because Redis was away or slow. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Tells a session's events until it is over. */
  follow(
    session: Session,
    about: Omit<BrowserSession, 'sessionId' | 'agent' | 'mode'>,
    events: SessionEventSource,
  ): void {
    const { clock } = this.#options;
    const told: BrowserSession = { sessionId: session.id, agent: session.agent, mode: session.mode, ...about };
    const tell = (message: BrowserMessage) => this.#tell(session, message);
    const { resumed, scripted } = about;
    tell({
      type: 'session_ready',
      session_id: session.id,
      agent: session.agent,
      mode: session.mode,
      sample_rate: 16_000,
      resumed,
      scripted,
    });
    tellBrowser(told, events, tell, clock);
    events.on('ended', ({ reason }) =>
      tell({ type: 'session_end', reason, ts: new Date(clock.wallMs()).toISOString() }),
    );
  }

  /**
   * Tells what happens from now on in all sessions of all hosts, until the returned function is called.
   * @throws {DependencyError} `redis.unavailable`
   */
  async watch(onMessage: (message: Relayed) => void): Promise<() => void> {
    this.#listeners.add(onMessage);
    const stop = () => {
      this.#listeners.delete(onMessage);
      if (this.#listeners.size === 0) this.#deafen();
    };
    this.#ear ??= this.#listen();
    const { clock } = this.#options;
    try {
      await within(clock, LISTEN_MS, this.#ear.listening, () => {
        throw new DependencyError('redis.unavailable', 'Redis does not say what happens in the sessions. Try again.');
      });
      return stop;
    } catch (error) {
      stop();
      throw error;
    }
  }

  /** Idempotent. */
  close(): void {
    this.#cancelNext?.();
    this.#waiting = [];
    this.#listeners.clear();
    this.#deafen();
  }

  #tell(session: Session, message: BrowserMessage): void {
    const { clock } = this.#options;
    if (clock.now() < this.#unheardUntil) return;
    const callId = session.callConnectionId ?? null;
    const asked = session.context?.browser_session_id;
    const relayed: RelayMessage = { ...message, session_id: session.id, call_id: callId };
    this.#waiting.push([session.id, callId, typeof asked === 'string' ? asked : null, JSON.stringify(relayed)]);
    if (this.#waiting.length > MOST_WAITING) {
      this.#waiting.shift();
      this.#dropped += 1;
    }
    if (!this.#publishing && !this.#cancelNext) void this.#publish();
  }

  async #publish(): Promise<void> {
    const { redis, clock, log } = this.#options;
    const messages = this.#waiting;
    this.#waiting = [];
    this.#publishing = true;
    try {
      // Where nobody listened just now, it is asked first: most of the time nobody does, and messages are long.
      const isHeard = this.#unheardUntil === 0 || (await redis.publish(CHANNEL, '[]')) > 0;
      const listening = isHeard ? await redis.publish(CHANNEL, JSON.stringify(messages)) : 0;
      this.#unheardUntil = listening === 0 ? clock.now() + UNHEARD_MS : 0;
    } catch (error) {
      if (this.#dropped === 0) log.warn({ reason: messageOf(error) }, 'watchers of the sessions miss something');
      this.#dropped += messages.length;
    }
    this.#publishing = false;
    this.#cancelNext = clock.after(BATCH_MS, () => {
      this.#cancelNext = undefined;
      if (this.#waiting.length > 0) void this.#publish();
    });
  }

  #listen(): { redis: Redis; listening: Promise<void> } {
    // ioredis renews only subscriptions that were once confirmed.
    const redis = this.#options.redis.duplicate({ autoResubscribe: false });
    const { promise: listening, resolve } = Promise.withResolvers<void>();
    redis.on('error', () => {}); // The other connection sees the same outage, and logs it.
    redis.on(
      'ready',
      () =>
        void redis.subscribe(CHANNEL).then(
          () => resolve(),
          () => redis.disconnect(true),
        ),
    );
    redis.on('message', (_channel: string, text: string) => this.#deliver(text));
    return { redis, listening };
  }

  #deafen(): void {
    this.#ear?.redis.disconnect();
    this.#ear = undefined;
  }

  #deliver(text: string): void {
    for (const [sessionId, callConnectionId, browserSessionId, message] of parseBatch(text)) {
      for (const listener of [...this.#listeners]) {
        listener({ sessionId, callConnectionId, browserSessionId, text: message });
      }
    }
  }
}

/** Another release's batch may have another shape: then it is passed over. */
const parseBatch = (text: string): z.infer<typeof batch> => batch.safeParse(jsonOf(text)).data ?? [];
