import type { Cancel, Clock } from '../../shared/clock.ts';
import { messageOf, ParleyError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { HistoryItem } from '../../shared/sessions/history.ts';
import type { Session, SessionEvent, SessionPatch } from '../../shared/sessions/session.ts';
import type { SessionWriter } from '../../shared/sessions/session-writer.ts';
import type { SessionEventSource } from '../contract/events.ts';

export interface SessionLogOptions {
  /** Writes in the name of the lease: what comes after it was lost is refused. */
  readonly writer: Pick<SessionWriter, 'set' | 'append' | 'writeHistory'>;
  /** Writes the whole session again, where Redis has lost it. False: there is one. */
  readonly restore: (session: Session, history: readonly HistoryItem[]) => Promise<boolean>;
  readonly session: Session;
  readonly history: readonly HistoryItem[];
  readonly clock: Clock;
  readonly log: Logger;
  /** Events kept while Redis is away; beyond, the oldest are dropped and counted. */
  readonly maxBacklog?: number;
}

type PendingEvent = Pick<SessionEvent, 'type' | 'data' | 'at'>;
interface HistoryTail {
  readonly from: number;
  readonly items: readonly HistoryItem[];
}

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
  /** The session as it would be written again. */
  #session: Session;
  #history: readonly HistoryItem[];
  #events: PendingEvent[] = [];
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
    this.#session = options.session;
    this.#history = options.history;
    this.#maxBacklog = options.maxBacklog ?? 256;
  }

  /** Events that were lost, because Redis was away for too long or refused them. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Queues one event of the session's stream. */
  add(type: string, data: Readonly<Record<string, unknown>> = {}): void {
    if (this.#closed) return;
    this.#events.push({ type, data, at: this.#options.clock.wallMs() });
    if (this.#events.length > this.#maxBacklog) {
      this.#events.shift();
      this.#dropped += 1;
    }
    this.#kick();
  }

  /** Queues a change of the session. A later change of the same field replaces it. */
  patch(fields: SessionPatch): void {
    if (this.#closed) return;
    this.#session = { ...this.#session, ...fields };
    this.#patch = { ...this.#patch, ...fields };
    this.#kick();
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
    events.on('agentSpoke', ({ turn, fullText, heardText, interrupted }) =>
      this.add('agent.said', { turn, text: heardText, fullText, interrupted }),
    );
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
    events.on('ended', ({ reason }) => this.add('conversation.ended', { reason }));
  }

  /** Takes nothing more and gives what is queued `waitMs` to be written. Idempotent; never rejects. */
  async close(waitMs: number): Promise<void> {
    this.#closed = true;
    if (this.#isEmpty()) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(waitMs, resolve);
      this.#idle.push(() => {
        cancel();
        resolve();
      });
    });
    if (!this.#isEmpty()) {
      this.#options.log.warn({ events: this.#events.length }, 'the end of a session could not be recorded');
    }
    this.abandon();
  }

  /** Takes nothing more and forgets what is queued: the session is somebody else's to write now. Idempotent. */
  abandon(): void {
    this.#closed = true;
    this.#abandoned = true;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
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
    this.#kick();
  }

  #tailFrom(from: number): HistoryTail {
    return { from, items: this.#history.slice(from) };
  }

  #kick(): void {
    if (this.#writing || this.#cancelRetry) return;
    this.#writing = true;
    void this.#drain();
  }

  async #drain(): Promise<void> {
    try {
      // All that one event of the session leads to is queued first.
      await Promise.resolve();
      while (!this.#abandoned && (this.#patch || this.#tail || this.#events.length > 0)) {
        // What happens meanwhile waits: a turn must not be on record before its number is, or another host gives it again.
        const batch = this.#events.slice(0, BATCH);
        await this.#writePatch();
        await this.#writeTail();
        await this.#writeEvents(batch);
        this.#recovered();
      }
      this.#writing = false;
      for (const resolve of this.#idle.splice(0)) resolve();
    } catch (error) {
      this.#writing = false;
      await this.#failed(error);
    }
  }

  async #writePatch(): Promise<void> {
    const patch = this.#patch;
    if (!patch || this.#abandoned) return;
    this.#patch = undefined;
    await this.#orPutBack(
      () => this.#options.writer.set(patch),
      () => {
        this.#patch = { ...patch, ...this.#patch };
      },
    );
  }

  async #writeTail(): Promise<void> {
    const tail = this.#tail;
    if (!tail || this.#abandoned) return;
    this.#tail = undefined;
    await this.#orPutBack(
      () => this.#options.writer.writeHistory(tail.from, tail.items),
      (error) => {
        const from = hasGap(error) ? 0 : Math.min(tail.from, this.#tail?.from ?? tail.from);
        this.#tail = this.#tailFrom(from);
      },
    );
  }

  async #writeEvents(batch: readonly PendingEvent[]): Promise<void> {
    if (batch.length === 0 || this.#abandoned) return;
    try {
      await this.#options.writer.append(...batch.map((event) => ({ ...event, source: 'stream-host' as const })));
    } catch (error) {
      if (!isHopeless(error)) throw error;
      // One that cannot be stored must not hold up the others: each gets its own try.
      for (const event of batch) {
        await this.#writeAlone(event);
        this.#written([event]);
      }
      return;
    }
    this.#written(batch);
  }

  /** The backlog may have dropped some of them meanwhile. */
  #written(events: readonly PendingEvent[]): void {
    this.#events = this.#events.filter((event) => !events.includes(event));
  }

  async #writeAlone(event: PendingEvent): Promise<void> {
    if (this.#abandoned) return;
    try {
      await this.#options.writer.append({ ...event, source: 'stream-host' });
    } catch (error) {
      if (!isHopeless(error)) throw error;
      this.#dropped += 1;
      this.#lose(error);
    }
  }

  async #orPutBack(write: () => Promise<void>, putBack: (error: unknown) => void): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (isHopeless(error)) return this.#lose(error);
      if (!this.#abandoned) putBack(error);
      throw error;
    }
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
      this.#kick();
    } else {
      this.#retryLater(error);
    }
  }

  /** Writes the session again that Redis has lost. What is queued is written after it. */
  restore(): void {
    if (!this.#abandoned) void this.#restored().then(() => this.#kick());
  }

  /** Redis lost its data: the host that talks with the caller still has all of it. */
  async #restored(): Promise<boolean> {
    try {
      const restored = await this.#options.restore(this.#session, this.#history);
      if (restored) this.#options.log.warn('Redis had lost the session; it was written again');
      return restored;
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
    const delayMs = Math.min(FIRST_RETRY_MS * 2 ** (this.#failures - 1), MAX_RETRY_MS);
    this.#cancelRetry = this.#options.clock.after(delayMs, () => {
      this.#cancelRetry = undefined;
      this.#kick();
    });
  }
}

/** Writing it again cannot help: it cannot be stored, or what is stored is damaged. */
function isHopeless(error: unknown): boolean {
  if (!(error instanceof ParleyError)) return true;
  return error.status !== 503 && error.status !== 409 && error.code !== 'session.not-found';
}

const hasGap = (error: unknown): boolean => error instanceof ParleyError && error.code === 'session.history-gap';
