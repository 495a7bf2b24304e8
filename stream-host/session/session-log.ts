import type { Cancel, Clock } from '../../shared/clock.ts';
import { messageOf, ParleyError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { HistoryItem } from '../../shared/sessions/history.ts';
import type { SessionEvent, SessionPatch } from '../../shared/sessions/session.ts';
import type { SessionWriter } from '../../shared/sessions/session-writer.ts';
import type { TypedEvents } from '../../shared/typed-events.ts';
import type { ConversationEvents } from '../contract/events.ts';

export interface RecorderOptions {
  /** Writes in the name of the lease; what comes after it was lost does not land. */
  readonly session: SessionWriter;
  /** What of the history stands in Redis already. */
  readonly history?: readonly HistoryItem[];
  readonly clock: Clock;
  readonly log: Logger;
  /** Events kept while Redis is away; beyond, the oldest are dropped and counted. */
  readonly maxBacklog?: number;
}

type PendingEvent = Pick<SessionEvent, 'type' | 'data'>;

const FIRST_RETRY_MS = 200;
const MAX_RETRY_MS = 5000;

/**
 * Writes what happens in a session to Redis, behind the conversation's back: recording never waits, never throws and
 * holds a bounded backlog while Redis is away. Changes of the session itself are merged, so that only the newest history
 * is written.
 */
export class SessionRecorder {
  readonly #options: RecorderOptions;
  readonly #maxBacklog: number;
  #events: PendingEvent[] = [];
  #patch: SessionPatch | undefined;
  #history: readonly HistoryItem[] | undefined;
  #written: readonly HistoryItem[];
  #dropped = 0;
  #failures = 0;
  #writing = false;
  #cancelRetry: Cancel | undefined;
  #idle: (() => void)[] = [];
  #closed = false;
  #abandoned = false;
  #refused = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#maxBacklog = options.maxBacklog ?? 256;
    this.#written = options.history ?? [];
  }

  /** Events that were lost, because Redis was away for too long or refused them. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Queues one event of the session's stream. */
  record(type: string, data: Readonly<Record<string, unknown>> = {}): void {
    if (this.#closed) return;
    this.#events.push({ type, data });
    if (this.#events.length > this.#maxBacklog) {
      this.#events.shift();
      this.#dropped += 1;
    }
    this.#kick();
  }

  /** Queues a change of the session. A later change of the same field replaces it. */
  patch(fields: SessionPatch): void {
    if (this.#closed) return;
    this.#patch = { ...this.#patch, ...fields };
    this.#kick();
  }

  /** Queues the conversation as it is now. Only what is new since the last time goes to Redis. */
  rewrite(history: readonly HistoryItem[]): void {
    if (this.#closed) return;
    this.#history = [...history];
    this.#kick();
  }

  /** Records a conversation until it is over. */
  follow(conversation: TypedEvents<ConversationEvents>): void {
    conversation.on('callerFinal', (text, turn) => this.record('caller.said', { turn, text }));
    conversation.on('callerCorrected', (text, turn) => this.record('caller.corrected', { turn, text }));
    conversation.on('agentSpoke', ({ turn, fullText, heardText, interrupted }) =>
      this.record('agent.said', { turn, text: heardText, fullText, interrupted }),
    );
    conversation.on('bargeIn', (turn, at) => this.record('turn.interrupted', { turn, at }));
    conversation.on('replyResumed', ({ turn, silentMs }) => this.record('turn.resumed', { turn, silentMs }));
    conversation.on('callerAcknowledged', (text) => this.record('caller.acknowledged', { text }));
    conversation.on('toolStarted', (call, turn) => this.record('tool.started', { turn, ...call }));
    conversation.on('toolEnded', ({ call, ...ended }) => this.record('tool.ended', { ...call, ...ended }));
    conversation.on('turnLatency', (latency, turn) => this.record('turn.latency', { turn, ...latency }));
    conversation.on('fault', (code, error) => this.record('fault', { code, message: messageOf(error) }));
    conversation.on('historyChanged', (history) => this.rewrite(history));
    conversation.on('ended', (reason) => this.record('conversation.ended', { reason }));
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
    this.#cancelRetry?.();
    if (!this.#isEmpty()) {
      this.#options.log.warn({ events: this.#events.length }, 'the end of a session could not be recorded');
      this.#forget();
    }
  }

  /** Takes nothing more and forgets what is queued: the session is somebody else's to write now. */
  abandon(): void {
    this.#closed = true;
    this.#abandoned = true;
    this.#forget();
  }

  #forget(): void {
    this.#events = [];
    this.#patch = undefined;
    this.#history = undefined;
  }

  #isEmpty(): boolean {
    return !this.#writing && this.#events.length === 0 && this.#patch === undefined && this.#history === undefined;
  }

  #kick(): void {
    if (this.#writing || this.#cancelRetry) return;
    this.#writing = true;
    void this.#drain();
  }

  async #drain(): Promise<void> {
    try {
      while (this.#patch || this.#history || this.#events.length > 0) {
        await this.#writePatch();
        await this.#writeHistory();
        await this.#writeEvent();
        this.#recovered();
      }
      this.#writing = false;
      for (const resolve of this.#idle.splice(0)) resolve();
    } catch (error) {
      this.#writing = false;
      this.#retryLater(error);
    }
  }

  async #writePatch(): Promise<void> {
    const patch = this.#patch;
    if (!patch) return;
    this.#patch = undefined;
    try {
      await this.#options.session.set(patch);
    } catch (error) {
      if (isHopeless(error)) return this.#lose(error);
      if (!this.#abandoned) this.#putBack(patch);
      throw error;
    }
  }

  /** A change that could not be written, under those that came meanwhile. */
  #putBack(patch: SessionPatch): void {
    this.#patch = { ...patch, ...this.#patch };
  }

  async #writeHistory(): Promise<void> {
    const history = this.#history;
    if (!history) return;
    this.#history = undefined;
    const kept = history.findIndex((item, i) => item !== this.#written[i]);
    const from = kept === -1 ? Math.min(history.length, this.#written.length) : kept;
    try {
      await this.#options.session.writeHistory(from, history.slice(from));
      this.#written = history;
    } catch (error) {
      if (isHopeless(error)) return this.#lose(error);
      if (!this.#abandoned) this.#history ??= history;
      throw error;
    }
  }

  async #writeEvent(): Promise<void> {
    const event = this.#events[0];
    if (!event) return;
    try {
      await this.#options.session.append({ ...event, source: 'stream-host' });
    } catch (error) {
      if (!isHopeless(error)) throw error;
      this.#dropped += 1;
      this.#lose(error);
    }
    // The backlog may have dropped it meanwhile.
    if (this.#events[0] === event) this.#events.shift();
  }

  #lose(error: unknown): void {
    if (this.#refused) return;
    this.#refused = true;
    this.#options.log.warn({ reason: messageOf(error) }, 'the session cannot be recorded; the call goes on');
  }

  #recovered(): void {
    if (this.#failures === 0) return;
    this.#failures = 0;
    this.#options.log.info({ dropped: this.#dropped }, 'the session is being recorded again');
  }

  #retryLater(error: unknown): void {
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

/** Writing it again cannot help: the session is gone, or what is stored is damaged. */
function isHopeless(error: unknown): boolean {
  return error instanceof ParleyError && error.status !== 503;
}
