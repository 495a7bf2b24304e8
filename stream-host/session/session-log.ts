import type { Cancel, Clock } from '../../shared/clock.ts';
import { messageOf, ParleyError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { HistoryItem } from '../../shared/sessions/history.ts';
import type { NewEvent, Session, SessionPatch, SessionEvent as StoredEvent } from '../../shared/sessions/session.ts';
import type { SessionWriter } from '../../shared/sessions/session-writer.ts';
import { within } from '../../shared/within.ts';
import type { SessionEvent, SessionEventSource } from '../contract/events.ts';

export interface SessionLogOptions {
  /** Writes in the name of the lease: what comes after it was lost is refused. */
  readonly writer: Pick<SessionWriter, 'write'>;
  /** Writes the whole session again, where Redis has lost it. False: there is one. */
  readonly restore: (session: Session, history: readonly HistoryItem[]) => Promise<boolean>;
  readonly session: Session;
  readonly history: readonly HistoryItem[];
  readonly clock: Clock;
  readonly log: Logger;
  /** Events kept while Redis is away; beyond, the oldest are dropped and counted. */
  readonly maxBacklog?: number;
  /** Told of events that will never be on record. */
  readonly onLost?: ((events: number) => void) | undefined;
  /** What happens within so long is written together. What others wait for is not held back. */
  readonly gatherMs?: number;
}

type PendingEvent = Pick<StoredEvent, 'type' | 'data' | 'at'> & { readonly number: number };
interface HistoryTail {
  readonly from: number;
  readonly items: readonly HistoryItem[];
}

/**
 * Events come within it that are one write and not four. So much of them is lost with a host that is killed; the history, by
 * which another one goes on, waits for nothing.
 */
const GATHER_MS = 250;
const FIRST_RETRY_MS = 200;
const MAX_RETRY_MS = 5000;
/** Events that one command writes. */
const BATCH = 32;

/**
 * Writes what happens in a session to Redis, behind the session's back: it never makes anybody wait, never throws and
 * holds a bounded backlog while Redis is away. Changes of the session itself are merged. Nothing is written once the
 * lease is somebody else's, or after {@link close} has given up.
 */
export class SessionLog {
  readonly #options: SessionLogOptions;
  readonly #maxBacklog: number;
  readonly #gatherMs: number;
  #cancelGathering: Cancel | undefined;
  /** The session as it would be written again. */
  #session: Session;
  #history: readonly HistoryItem[];
  #events: PendingEvent[] = [];
  #number = 0;
  #patch: SessionPatch | undefined;
  #tail: HistoryTail | undefined;
  #dropped = 0;
  #failures = 0;
  #writing = false;
  #cancelRetry: Cancel | undefined;
  #idle: (() => void)[] = [];
  /** Nothing more is taken. */
  #closed = false;
  /** Nothing more is written. */
  #abandoned = false;
  #refused = false;

  constructor(options: SessionLogOptions) {
    this.#options = options;
    // Its host has often picked it up before the carrier told that it stands: written again, it must not stand only since then.
    this.#session = { connectedAt: options.clock.wallMs(), ...options.session };
    this.#history = options.history;
    this.#maxBacklog = options.maxBacklog ?? 256;
    this.#gatherMs = options.gatherMs ?? GATHER_MS;
  }

  /** Events that were lost, because Redis was away for too long or refused them. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Queues one event of the session's stream. */
  add(type: string, data: Readonly<Record<string, unknown>> = {}): void {
    if (this.#closed) return;
    this.#number += 1;
    this.#events.push({ type, data, at: this.#options.clock.wallMs(), number: this.#number });
    if (this.#events.length > this.#maxBacklog) {
      this.#events.shift();
      this.#loseEvents(1);
    }
    this.#kick();
  }

  /** Queues a change of the session. A later change of the same field replaces it. */
  patch(fields: SessionPatch): void {
    if (this.#closed) return;
    this.#session = { ...this.#session, ...fields };
    this.#patch = { ...this.#patch, ...fields };
    // That it is over, or why it will be, is what others go by; and a host that is killed must not have taken along that a
    // secret is being entered.
    if (fields.status !== undefined || fields.endReason !== undefined || fields.keys !== undefined) this.#write();
    else this.#kick();
  }

  /** Records a session's events until it is over. */
  follow(events: SessionEventSource): void {
    events.onAny((event) => {
      if ('turn' in event && event.turn > (this.#session.turns ?? 0)) this.patch({ turns: event.turn });
    });
    events.on('callerFinal', ({ text, turn }) => this.add('caller.said', { turn, text }));
    events.on('callerCorrected', ({ text, turn }) => this.add('caller.corrected', { turn, text }));
    events.on('callerAcknowledged', ({ text }) => this.add('caller.acknowledged', { text }));
    events.on('callerPressed', ({ tone }) => this.add('caller.pressed', { tone }));
    events.on('keysAttempted', ({ type: _, atMs: __, ...attempted }) => this.add('keys.attempted', attempted));
    events.on('keysCollected', ({ type: _, atMs: __, ...collected }) => this.add('keys.collected', collected));
    events.on('answeredBy', ({ type: _, atMs: __, ...judged }) => {
      this.patch({ answeredBy: judged.verdict });
      this.add('call.answered-by', judged);
    });
    events.on('menuUnmatched', ({ type: _, atMs: __, ...menu }) => this.add('call.menu-unmatched', menu));
    let speaking: SessionEvent<'agentText'> | undefined;
    events.on('agentText', (event) => {
      if (event.turn !== speaking?.turn) speaking = event;
    });
    events.on('agentSpoke', ({ turn, fullText, heardText, interrupted, to, atMs }) => {
      const durationMs = Math.round(atMs - (speaking?.turn === turn ? speaking.atMs : atMs));
      this.add('agent.said', { turn, text: heardText, fullText, interrupted, durationMs, ...(to && { to }) });
    });
    events.on('waitFilled', ({ turn, kind, text }) => this.add('wait.filled', { turn, kind, text }));
    events.on('bargeIn', ({ turn, by }) => this.add('turn.interrupted', { turn, at: by }));
    events.on('replyResumed', ({ turn, silentMs }) => this.add('turn.resumed', { turn, silentMs }));
    events.on('toolStarted', ({ call, turn }) => this.add('tool.started', { turn, ...call }));
    events.on('toolEnded', ({ type: _, atMs: __, call, ...ended }) => this.add('tool.ended', { ...call, ...ended }));
    events.on('turnLatency', ({ type: _, atMs: __, ...latency }) => this.add('turn.latency', latency));
    events.on('fault', ({ code, error }) =>
      this.add('fault', { code, ...(error !== undefined && { message: messageOf(error) }) }),
    );
    events.on('transcript', ({ type: _, atMs: __, ...said }) => this.add('transcript.final', said));
    events.on('historyChanged', ({ from, items }) => this.#historyChanged({ from, items }));
    events.on('ended', ({ type: _, atMs: __, ...ending }) => this.add('conversation.ended', ending));
  }

  /** Takes nothing more and gives what is queued `waitMs` to be written. Idempotent; never rejects. */
  async close(waitMs: number): Promise<void> {
    this.#closed = true;
    if (this.#isEmpty()) return;
    // Whoever is over has no time to wait as somebody does who goes on.
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#write();
    const written = new Promise<void>((resolve) => this.#idle.push(resolve));
    await within(this.#options.clock, waitMs, written, () => {});
    if (!this.#isEmpty()) {
      this.#options.log.warn({ events: this.#events.length }, 'the end of a session could not be recorded');
      this.#loseEvents(this.#events.length);
    }
    this.abandon();
  }

  /** Takes nothing more and forgets what is queued: the session is somebody else's to write now. Idempotent. */
  abandon(): void {
    this.#closed = true;
    this.#abandoned = true;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#cancelGathering?.();
    this.#cancelGathering = undefined;
    this.#forget();
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #forget(): void {
    this.#events = [];
    this.#patch = undefined;
    this.#tail = undefined;
  }

  #isEmpty(): boolean {
    return !this.#writing && this.#events.length === 0 && this.#patch === undefined && this.#tail === undefined;
  }

  #historyChanged(change: HistoryTail): void {
    if (this.#closed) return;
    this.#history = [...this.#history.slice(0, change.from), ...change.items];
    this.#tail = this.#tailFrom(Math.min(change.from, this.#tail?.from ?? change.from));
    // It is what another host goes on by: one that is killed a moment later must not have taken it along.
    this.#write();
  }

  #tailFrom(from: number): HistoryTail {
    return { from, items: this.#history.slice(from) };
  }

  /** Writes what there is, and what comes within a moment. */
  #kick(): void {
    if (this.#writing || this.#cancelRetry || this.#cancelGathering) return;
    this.#cancelGathering = this.#options.clock.after(this.#gatherMs, () => this.#write());
  }

  #write(): void {
    this.#cancelGathering?.();
    this.#cancelGathering = undefined;
    if (this.#writing || this.#cancelRetry) return;
    this.#writing = true;
    void this.#drain();
  }

  async #drain(): Promise<void> {
    try {
      // All that one event of the session leads to is queued first.
      await Promise.resolve();
      while (!this.#abandoned && (this.#patch || this.#tail || this.#events.length > 0)) {
        await this.#writeBatch();
        this.#recovered();
      }
      this.#writing = false;
      for (const resolve of this.#idle.splice(0)) resolve();
    } catch (error) {
      this.#writing = false;
      await this.#failed(error);
    }
  }

  /** In one step: a turn must not be on record before its number is, or another host gives it again. */
  async #writeBatch(): Promise<void> {
    const [patch, history, events] = [this.#patch, this.#tail, this.#events.slice(0, BATCH)];
    this.#patch = undefined;
    this.#tail = undefined;
    try {
      await this.#options.writer.write({ patch, history, events: events.map(asTold), number: events[0]?.number });
      this.#written(events);
    } catch (error) {
      if (isHopeless(error)) return this.#writeApart(patch, history, events);
      this.#putBack(patch, history, error);
      throw error;
    }
  }

  /** One part that cannot be stored must not hold up the others: each gets its own try, in an order that is safe. */
  async #writeApart(
    patch: SessionPatch | undefined,
    history: HistoryTail | undefined,
    events: readonly PendingEvent[],
  ): Promise<void> {
    const { writer } = this.#options;
    let [patchLeft, historyLeft] = [patch, history];
    try {
      if (patch) await this.#attempt(() => writer.write({ patch }));
      patchLeft = undefined;
      if (history) await this.#attempt(() => writer.write({ history }));
      historyLeft = undefined;
      for (const event of events) {
        if (!(await this.#attempt(() => writer.write({ events: [asTold(event)], number: event.number }))))
          this.#loseEvents(1);
        this.#written([event]);
      }
    } catch (error) {
      this.#putBack(patchLeft, historyLeft, error);
      throw error;
    }
  }

  /** @returns false: it cannot be stored, now or later */
  async #attempt(write: () => Promise<unknown>): Promise<boolean> {
    if (this.#abandoned) return true;
    try {
      await write();
      return true;
    } catch (error) {
      if (!isHopeless(error)) throw error;
      this.#lose(error);
      return false;
    }
  }

  /** The backlog may have dropped some of them meanwhile. */
  #written(events: readonly PendingEvent[]): void {
    this.#events = this.#events.filter((event) => !events.includes(event));
  }

  #putBack(patch: SessionPatch | undefined, history: HistoryTail | undefined, error: unknown): void {
    if (this.#abandoned) return;
    if (patch) this.#patch = { ...patch, ...this.#patch };
    if (!history) return;
    const from = Math.min(history.from, this.#tail?.from ?? history.from);
    this.#tail = this.#tailFrom(hasGap(error) ? 0 : from);
  }

  #loseEvents(events: number): void {
    this.#dropped += events;
    if (events > 0) this.#options.onLost?.(events);
  }

  #lose(error: unknown): void {
    if (this.#refused) return;
    this.#refused = true;
    this.#options.log.warn(
      { reason: messageOf(error) },
      'something of the session cannot be recorded; the call goes on',
    );
  }

  #recovered(): void {
    if (this.#failures === 0) return;
    this.#failures = 0;
    this.#options.log.info({ dropped: this.#dropped }, 'the session is being recorded again');
  }

  async #failed(error: unknown): Promise<void> {
    if (this.#abandoned) return;
    const code = error instanceof ParleyError ? error.code : undefined;
    if (code === 'session.lease-lost') {
      this.#options.log.warn('the session is somebody else’s by now; nothing more is written about it here');
      this.abandon();
    } else if (code === 'session.not-found' && (await this.#restored())) {
      this.#write();
    } else {
      this.#retryLater(error);
    }
  }

  /** Writes the session again that Redis has lost. What is queued is written after it. */
  restore(): void {
    if (!this.#abandoned) void this.#restored().then(() => this.#write());
  }

  /** Redis lost its data: the host that talks with the caller still has all of it. */
  async #restored(): Promise<boolean> {
    try {
      const items = this.#history.length;
      const restored = await this.#options.restore(this.#session, this.#history);
      if (!restored) return false;
      this.#options.log.warn({ history: items }, 'Redis had lost the session; it was written again');
      // Whoever reads the timeline must not take its beginning for the call's.
      this.add('session.restored', {
        history: items,
        lost: 'events before this, and operations that its host knows no more',
      });
      return true;
    } catch (error) {
      this.#options.log.warn(
        { reason: messageOf(error) },
        'Redis has lost the session, and it could not be written again',
      );
      return false;
    }
  }

  #retryLater(error: unknown): void {
    if (this.#abandoned) return;
    this.#failures += 1;
    if (this.#failures === 1) {
      this.#options.log.warn({ reason: messageOf(error) }, 'the session cannot be recorded now; it is kept for later');
    }
    const delayMs = this.#closed ? FIRST_RETRY_MS : Math.min(FIRST_RETRY_MS * 2 ** (this.#failures - 1), MAX_RETRY_MS);
    this.#cancelRetry = this.#options.clock.after(delayMs, () => {
      this.#cancelRetry = undefined;
      this.#write();
    });
  }
}

const asTold = ({ number: _, ...event }: PendingEvent): NewEvent => ({ ...event, source: 'stream-host' });

/** Writing it again cannot help: it cannot be stored, or what is stored is damaged. */
function isHopeless(error: unknown): boolean {
  if (!(error instanceof ParleyError)) return true;
  return error.status !== 503 && error.status !== 409 && error.code !== 'session.not-found';
}

const hasGap = (error: unknown): boolean => error instanceof ParleyError && error.code === 'session.history-gap';
