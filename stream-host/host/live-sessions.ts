import type { Clock } from '../../shared/clock.ts';
import { CLOSE } from '../../shared/protocol/close-codes.ts';
import { within } from '../../shared/within.ts';
import type { Channel, Transport } from '../contract/line.ts';
import type { Admission, Overload } from './admission.ts';

interface Holder {
  readonly line: Transport;
  readonly released: Promise<void>;
  session: HeldSession | undefined;
  /** The session, once it is open; undefined where it was let go of before. */
  readonly opening: PromiseWithResolvers<HeldSession | undefined>;
}

/** A session that is open on a line of this host. Neither rejects. */
export interface HeldSession {
  /** Hands it over to another host, in a pause of its talk, which is waited for so long at most. */
  moveOn(waitMs: number): Promise<void>;
  /** Makes sure that it is this host's: Redis may have lost it, or somebody else may have it. */
  confirm(): Promise<void>;
}

/** Lets go of a place or of a session. Idempotent. */
export type Release = () => void;

/**
 * Why a socket is not let in: all places are taken, or all that browsers may have, or what is left is kept for calls on their
 * way; the host is closing; or it is too busy for one more.
 */
export type Refusal = 'full' | 'browsers-full' | 'kept-for-calls' | 'draining' | 'overloaded';

export interface LiveSessionsOptions {
  readonly maxSessions: number;
  /** How many of these browsers may have. The others are for the telephone alone. All, when absent. */
  readonly maxBrowserSessions?: number | undefined;
  readonly clock: Clock;
  /** Keeps the door by the load; without it only the number of places counts. */
  readonly admission?: Pick<Admission, 'overload'> | undefined;
  /** How long a holder's socket has to prove that it lives when another one asks for its session. */
  readonly probeMs?: Readonly<Record<Channel, number>> | undefined;
}

/**
 * ACS, which has proved who it is, sends fifty frames a second: one that sends nothing for a second is gone, and its
 * caller waits. A browser is taken over by whoever knows the session's id, and stalls for seconds where the network is
 * poor.
 */
const PROBE_MS = { phone: 1000, browser: 5000 } as const;

/** Of the places, so many more are there for calls that stand. */
const STANDING_SHARE = 0.1;

/** How long what is left of a session may take to be written, and the carrier to be asked, once its pause has come. */
const HANDED_OVER_MS = 1_000;
/** How long a session's old socket may take to let go of it. */
const HAND_OVER_MS = 4000;

/** Every line of this host and the session that each holds: how many there may be, and that no two hold the same. */
export class LiveSessions {
  readonly maxSessions: number;
  /** Beyond `maxSessions` calls that stand are let in, which may have nowhere else to go, until there are so many. */
  readonly mostSessions: number;
  readonly maxBrowserSessions: number;
  readonly #clock: Clock;
  readonly #probeMs: Readonly<Record<Channel, number>>;
  readonly #admission: Pick<Admission, 'overload'> | undefined;
  readonly #lines = new Set<Transport>();
  readonly #holders = new Map<string, Holder>();
  readonly #places = { phone: 0, browser: 0 };
  /** Whoever waits for the last place to become free. */
  #emptied = Promise.withResolvers<void>();
  readonly #ofClosed = { dropped: 0, excess: 0 };
  readonly #refusals: Record<Refusal, number> = {
    ...{ full: 0, 'browsers-full': 0, 'kept-for-calls': 0 },
    ...{ draining: 0, overloaded: 0 },
  };
  #draining: { readonly code: number; readonly reason: string } | undefined;

  constructor(options: LiveSessionsOptions) {
    this.maxSessions = options.maxSessions;
    this.mostSessions = this.maxSessions + Math.ceil(this.maxSessions * STANDING_SHARE);
    this.maxBrowserSessions = options.maxBrowserSessions ?? options.maxSessions;
    this.#clock = options.clock;
    this.#probeMs = options.probeMs ?? PROBE_MS;
    this.#admission = options.admission;
  }

  /** Places taken, by sockets that are being let in too. */
  get count(): number {
    return this.#places.phone + this.#places.browser;
  }

  /** Of these, those of browsers. */
  get browserCount(): number {
    return this.#places.browser;
  }

  /** Ids of the sessions that are spoken for here. */
  get held(): string[] {
    return [...this.#holders.keys()];
  }

  /** Frames of the agent's voice that lines did not take, since the start. */
  get droppedFrames(): number {
    return this.#sum('dropped');
  }

  /** Messages that came faster than time passes and were dropped, since the start. */
  get excessFrames(): number {
    return this.#sum('excess');
  }

  /** How many sockets were not let in since the start, and why. */
  get refusals(): Readonly<Record<Refusal, number>> {
    return this.#refusals;
  }

  get draining(): boolean {
    return this.#draining !== undefined;
  }

  /** What is too much for one more session, where anything is. */
  get overload(): Overload | undefined {
    return this.#admission?.overload;
  }

  /** Whether nobody is let in but calls that stand. */
  get isTight(): boolean {
    return this.overload !== undefined || this.count >= this.maxSessions;
  }

  /** How many sessions this host will have at most as things stand: those that it has, while nobody is let in. */
  get capacity(): number {
    return this.draining || this.overload !== undefined ? Math.min(this.count, this.maxSessions) : this.maxSessions;
  }

  /**
   * Takes a place for a socket that asks to be let in, or says why there is none.
   * @param goesOn it is of a call that stands: its caller is better off with a busy or crowded host than with none
   */
  admit(channel: Channel, goesOn = false): Release | Refusal {
    const refusal = this.#refusalOf(channel, goesOn);
    if (refusal !== undefined) return this.refused(refusal);
    if (this.count === 0) this.#emptied = Promise.withResolvers();
    this.#places[channel] += 1;
    let held = true;
    return () => {
      if (held) this.#places[channel] -= 1;
      held = false;
      if (this.count === 0) this.#emptied.resolve();
    };
  }

  /** Counts a socket that is not let in, also where somebody else has found out why. */
  refused(refusal: Refusal): Refusal {
    this.#refusals[refusal] += 1;
    return refusal;
  }

  #refusalOf(channel: Channel, goesOn: boolean): Refusal | undefined {
    if (this.#draining) return 'draining';
    if (this.count >= (goesOn ? this.mostSessions : this.maxSessions)) return 'full';
    if (channel === 'browser' && this.browserCount >= this.maxBrowserSessions) return 'browsers-full';
    return this.overload === undefined || goesOn ? undefined : 'overloaded';
  }

  /** Knows a line from now on until it closes. */
  add(line: Transport): void {
    if (this.#draining) {
      line.close(this.#draining.code, this.#draining.reason);
      return;
    }
    this.#lines.add(line);
    line.events.on('closed', () => {
      if (!this.#lines.delete(line)) return;
      const { dropped, excess } = line.counts;
      this.#ofClosed.dropped += dropped;
      this.#ofClosed.excess += excess;
    });
  }

  /**
   * Makes a line the only one of this host that speaks for a session. A line that holds it already keeps it while it
   * lives; a dead one is closed and given time to let go. Undefined when the session is rightly held.
   */
  async hold(sessionId: string, line: Transport): Promise<Release | undefined> {
    for (let holder = this.#holders.get(sessionId); holder; holder = this.#holders.get(sessionId)) {
      if (await holder.line.probe(this.#probeMs[holder.line.channel])) return undefined;
      holder.line.close(CLOSE.alreadyConnected, 'Another socket took the session over, as this one did not answer.');
      if (!(await this.#settled(holder.released, HAND_OVER_MS))) return undefined;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const opening = Promise.withResolvers<HeldSession | undefined>();
    const holder: Holder = { line, released: promise, session: undefined, opening };
    this.#holders.set(sessionId, holder);
    return () => {
      if (this.#holders.get(sessionId) === holder) this.#holders.delete(sessionId);
      opening.resolve(undefined);
      resolve();
    };
  }

  /** The session of this line is open. */
  opened(sessionId: string, line: Transport, session: HeldSession): void {
    const holder = this.#holders.get(sessionId);
    if (holder?.line !== line) return;
    holder.session = session;
    holder.opening.resolve(session);
  }

  /** Makes sure of every session that is held here. */
  async confirm(): Promise<void> {
    await Promise.all([...this.#holders.values()].map(({ session }) => session?.confirm()));
  }

  /**
   * Hands every session over that can be, each in a pause of its talk, within `pauseMs` and a second; one that is just being
   * opened, as soon as it is.
   */
  async move(pauseMs: number): Promise<void> {
    const byMs = this.#clock.now() + pauseMs;
    const moves = [...this.#holders.values()].map(async ({ opening }) => {
      const session = await opening.promise;
      await session?.moveOn(Math.max(0, byMs - this.#clock.now()));
    });
    await this.#settled(Promise.all(moves), pauseMs + HANDED_OVER_MS);
  }

  /** Lets nobody in any more. */
  drain(code: number, reason: string): void {
    this.#draining ??= { code, reason };
  }

  /** Resolves when no place is taken: true, or false after `waitMs`. */
  async empty(waitMs: number): Promise<boolean> {
    return this.count === 0 || this.#settled(this.#emptied.promise, waitMs);
  }

  /** Drains, closes every line, and waits until their sessions are let go of: `waitMs` at most. */
  async close(code: number, reason: string, waitMs: number): Promise<void> {
    this.drain(code, reason);
    const released = [...this.#holders.values()].map((holder) => holder.released);
    for (const line of [...this.#lines]) line.close(code, reason);
    await this.#settled(Promise.all(released), waitMs);
  }

  #sum(what: 'dropped' | 'excess'): number {
    return [...this.#lines].reduce((sum, line) => sum + line.counts[what], this.#ofClosed[what]);
  }

  #settled(promise: Promise<unknown>, waitMs: number): Promise<boolean> {
    return within(
      this.#clock,
      waitMs,
      promise.then(() => true),
      () => false,
    );
  }
}
