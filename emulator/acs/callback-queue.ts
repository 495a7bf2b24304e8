import { randomUUID } from 'node:crypto';
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { Fetch } from '../disturbances/disturbed-fetch.ts';
import type { Faults } from '../faults.ts';
import { wait } from '../wait.ts';
import { CALLBACK_TOKEN_SECONDS, type TokenIssuer } from './token-issuer.ts';

const FIRST_RETRY_MS = 250;
const MAX_RETRY_MS = 2_000;
const ATTEMPT_MS = 10_000;
const MAX_QUEUED = 500;

export interface CallbackQueueOptions {
  readonly callbackUri: string;
  /** What every event of the call carries: `callConnectionId`, `serverCallId`, `correlationId`. */
  readonly ids: Readonly<Record<'callConnectionId' | 'serverCallId' | 'correlationId', string>>;
  readonly tokens: TokenIssuer;
  /** What goes wrong with events, to order. */
  readonly faults: Faults;
  /** How the application is asked; `fetch`, unless given. */
  readonly fetch?: Fetch | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** An event that could not be delivered for this long is dropped, with a line in the log. */
  readonly giveUpAfterMs: number;
}

/** What somebody who sends an event himself may say of it. */
export interface Sending {
  readonly id?: string | undefined;
  /** Sent so often, as one and the same event. */
  readonly times?: number;
  /** Sent only after so long; what comes after it overtakes it. */
  readonly delayMs?: number;
}

interface QueuedEvent {
  readonly type: string;
  readonly uri: string;
  readonly body: string;
  readonly giveUpAtMs: number;
}

/**
 * The events of one call on their way to the application's callback: one after the other, each a CloudEvents array of
 * one with a token of its own, tried again for a bounded time while the application does not answer. Nothing waits for
 * it but its own next event. When 500 wait, the oldest is dropped.
 */
export class CallbackQueue {
  readonly #options: CallbackQueueOptions;
  readonly #queue: QueuedEvent[] = [];
  readonly #swapped: QueuedEvent[] = [];
  readonly #stop = new AbortController();
  #delivering: Promise<void> | undefined;

  constructor(options: CallbackQueueOptions) {
    this.#options = options;
  }

  /**
   * @param type without its prefix, such as `CallConnected`
   * @param uri of another callback than the call's
   */
  push(type: string, data: Readonly<Record<string, unknown>>, uri?: string): void {
    const fault = this.#options.faults.take('acs.event', (wanted) => wanted.type === undefined || wanted.type === type);
    const event = this.#eventOf(type, data, uri ?? this.#options.callbackUri);
    if (fault) this.#options.log.warn({ event: type, how: fault.how }, 'an event goes wrong, to order');
    if (fault === undefined) this.#enqueue(event);
    else if (fault.how === 'double') this.#enqueue(event, event);
    else if (fault.how === 'delay') this.#options.clock.after(fault.ms, () => this.#enqueue(event));
    else if (fault.how === 'swap') {
      this.#swapped.push(event);
      this.#options.clock.after(fault.ms, () => this.#enqueue());
    }
  }

  /** Sends an event that nothing has caused. @returns its id */
  send(type: string, data: Readonly<Record<string, unknown>>, { id, times = 1, delayMs = 0 }: Sending = {}): string {
    const eventId = id ?? randomUUID();
    const event = this.#eventOf(type, data, this.#options.callbackUri, eventId);
    const enqueue = () => this.#enqueue(...Array.from({ length: times }, () => event));
    if (delayMs === 0) enqueue();
    else this.#options.clock.after(delayMs, enqueue);
    return eventId;
  }

  /** Resolves when everything pushed so far is delivered or dropped. */
  async drained(): Promise<void> {
    await this.#delivering;
  }

  close(): void {
    this.#stop.abort();
    this.#queue.length = 0;
  }

  /** Behind these come those that were to change places with them. */
  #enqueue(...events: readonly QueuedEvent[]): void {
    if (this.#stop.signal.aborted) return;
    this.#queue.push(...events, ...this.#swapped.splice(0));
    while (this.#queue.length > MAX_QUEUED) this.#drop(this.#queue.shift(), 'too many callbacks are waiting');
    this.#delivering ??= this.#deliverAll().finally(() => {
      this.#delivering = undefined;
    });
  }

  async #deliverAll(): Promise<void> {
    for (let event = this.#queue.shift(); event; event = this.#queue.shift()) await this.#deliver(event);
  }

  async #deliver(event: QueuedEvent): Promise<void> {
    const { clock, log } = this.#options;
    for (let attempt = 1; !this.#stop.signal.aborted; attempt++) {
      const problem = await this.#post(event);
      if (!problem) {
        log[attempt === 1 ? 'debug' : 'info']({ event: event.type, attempt }, 'callback delivered');
        return;
      }
      if (this.#stop.signal.aborted) return;
      const delayMs = Math.min(FIRST_RETRY_MS * 2 ** (attempt - 1), MAX_RETRY_MS);
      if (problem.final || clock.now() + delayMs > event.giveUpAtMs) return this.#drop(event, problem.text);
      if (attempt === 1) log.warn({ event: event.type, problem: problem.text }, 'callback not taken; trying again');
      await wait(clock, delayMs, this.#stop.signal);
    }
  }

  async #post(event: QueuedEvent): Promise<{ text: string; final: boolean } | undefined> {
    try {
      const token = await this.#options.tokens.sign(CALLBACK_TOKEN_SECONDS);
      const response = await (this.#options.fetch ?? fetch)(event.uri, {
        method: 'POST',
        headers: { 'content-type': 'application/json; charset=utf-8', authorization: `Bearer ${token}` },
        body: event.body,
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(ATTEMPT_MS)]),
      });
      await response.body?.cancel();
      if (response.ok) return undefined;
      const retriable = response.status >= 500 || response.status === 408 || response.status === 429;
      return { text: `HTTP ${response.status}`, final: !retriable };
    } catch (error) {
      const cause = error instanceof Error && error.cause ? `: ${messageOf(error.cause)}` : '';
      return { text: messageOf(error) + cause, final: false };
    }
  }

  #drop(event: QueuedEvent | undefined, problem: string): void {
    this.#options.log.error({ event: event?.type, problem }, 'callback dropped');
  }

  #eventOf(type: string, data: Readonly<Record<string, unknown>>, uri: string, id: string = randomUUID()): QueuedEvent {
    const { ids, clock, giveUpAfterMs } = this.#options;
    const publicEventType = `Microsoft.Communication.${type}`;
    const subject = `calling/callConnections/${ids.callConnectionId}`;
    const event = {
      id,
      source: subject,
      type: publicEventType,
      data: { version: '2024-09-15', ...ids, ...data, publicEventType },
      time: new Date().toISOString(),
      specversion: '1.0',
      datacontenttype: 'application/json',
      subject,
    };
    return { type, uri, body: JSON.stringify([event]), giveUpAtMs: clock.now() + giveUpAfterMs };
  }
}
