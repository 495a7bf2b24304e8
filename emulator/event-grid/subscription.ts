import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import { jsonOf } from '../../shared/json.ts';
import type { Logger } from '../../shared/log.ts';
import type { Fetch } from '../disturbances/disturbed-fetch.ts';
import { wait } from '../wait.ts';
import { dress, type GridEvent, type GridSchema } from './envelope.ts';

const ATTEMPT_MS = 30_000;
const FIRST_VALIDATION_RETRY_MS = 250;
const MAX_VALIDATION_RETRY_MS = 2_000;
/** Failures before the log has them: an application that starts at the same time is given a moment. */
const SILENT_VALIDATIONS = 3;
/** Azure waits 10 s, 30 s, 1 min and so on; here a ringing phone waits. */
const DELIVERY_RETRIES_MS = [1_000, 2_000, 5_000, 10_000];
/** Answers after which Event Grid does not soon try again: the endpoint is wrong, not busy. */
const FINAL_STATUSES = new Set([400, 401, 403, 404, 413]);

const validationAnswer = z.object({ validationResponse: z.string() });

export interface GridSubscriptionOptions {
  readonly webhookUrl: string;
  readonly schema: GridSchema;
  readonly name: string;
  readonly topic: string;
  /** A token of Entra for the webhook, where the subscription names an application: brought by each request. */
  readonly token?: (() => string) | undefined;
  /** How the webhook is asked; `fetch`, unless given. */
  readonly fetch?: Fetch | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

export type Delivery =
  | { readonly delivered: true }
  /** `refused`: it was told, and did not take it. */
  | { readonly delivered: false; readonly problem: string; readonly refused: boolean };

/**
 * An Event Grid subscription of one webhook: the handshake, tried until the endpoint passes it, and then the delivery of
 * events, at least once, with the headers and the answers that Event Grid uses.
 */
export class GridSubscription {
  readonly #options: GridSubscriptionOptions;
  readonly #stop = new AbortController();
  #validation: Promise<void> | undefined;
  #active = false;

  constructor(options: GridSubscriptionOptions) {
    this.#options = options;
  }

  /** Whether the endpoint has passed the handshake. */
  get active(): boolean {
    return this.#active;
  }

  /** Starts the handshake. Resolves when the endpoint has passed it, or the subscription is closed. Idempotent. */
  start(): Promise<void> {
    this.#validation ??= this.#validateUntilPassed();
    return this.#validation;
  }

  /**
   * Tries to deliver until it succeeds, is refused for good, or `signal` says that the event is of no use any more. A
   * request that is under way then is not broken off: an application may well answer a call before it takes the event.
   */
  async deliver(event: GridEvent, signal: AbortSignal): Promise<Delivery> {
    const over = AbortSignal.any([signal, this.#stop.signal]);
    await Promise.race([this.start(), aborted(over)]);
    let refused = false;
    let problem = 'the webhook has not passed the handshake yet; are the functions running?';
    for (let attempt = 0; !over.aborted && this.#active; attempt++) {
      const answer = await this.#post('Notification', event, attempt);
      if (answer.status >= 200 && answer.status <= 204) return { delivered: true };
      ({ problem } = answer);
      refused = answer.status > 0;
      if (refused) problem += saidIn(answer.text);
      if (FINAL_STATUSES.has(answer.status)) break;
      const delayMs = DELIVERY_RETRIES_MS[attempt];
      if (delayMs === undefined) break;
      if (!over.aborted) this.#options.log.warn({ event: event.id, problem, delayMs }, 'event not taken; trying again');
      await wait(this.#options.clock, delayMs, over);
    }
    return { delivered: false, problem, refused };
  }

  close(): void {
    this.#stop.abort();
  }

  async #validateUntilPassed(): Promise<void> {
    const { clock, log, webhookUrl, schema } = this.#options;
    let lastProblem = '';
    for (let attempt = 0; !this.#stop.signal.aborted; attempt++) {
      const problem = schema === 'EventGridSchema' ? await this.#askForCode() : await this.#askForPermission();
      if (problem === undefined) {
        this.#active = true;
        log.info({ webhookUrl, schema }, 'Event Grid subscription validated');
        return;
      }
      if (attempt >= SILENT_VALIDATIONS && problem !== lastProblem && !this.#stop.signal.aborted) {
        log.info({ webhookUrl, problem }, 'the webhook has not passed the Event Grid handshake yet; trying again');
        lastProblem = problem;
      }
      const delayMs = Math.min(FIRST_VALIDATION_RETRY_MS * 2 ** attempt, MAX_VALIDATION_RETRY_MS);
      await wait(clock, delayMs, this.#stop.signal);
    }
  }

  /** The handshake of Event Grid's own schema. @returns what is wrong, or nothing when it is passed */
  async #askForCode(): Promise<string | undefined> {
    const validationCode = randomUUID();
    const event: GridEvent = {
      id: randomUUID(),
      eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent',
      subject: '',
      eventTime: new Date().toISOString(),
      dataVersion: '2',
      data: { validationCode },
    };
    const answer = await this.#post('SubscriptionValidation', event, 0);
    if (answer.status !== 200) return answer.problem;
    const body = validationAnswer.safeParse(jsonOf(answer.text));
    if (body.success && body.data.validationResponse === validationCode) return undefined;
    return 'the answer is no {"validationResponse": "<the code that was sent>"}';
  }

  /** The handshake of the CloudEvents schema. @returns what is wrong, or nothing when it is passed */
  async #askForPermission(): Promise<string | undefined> {
    const origin = 'eventgrid.azure.net';
    try {
      const response = await fetch(this.#options.webhookUrl, {
        method: 'OPTIONS',
        headers: { ...this.#authorization(), 'webhook-request-origin': origin, 'webhook-request-rate': '120' },
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(ATTEMPT_MS)]),
      });
      await response.body?.cancel();
      const allowed = response.headers.get('webhook-allowed-origin');
      if (response.status !== 200) return `HTTP ${response.status}`;
      return allowed === '*' || allowed === origin ? undefined : `WebHook-Allowed-Origin is ${allowed ?? 'missing'}`;
    } catch (error) {
      return problemOf(error);
    }
  }

  #authorization(): { readonly authorization?: string } {
    const { token } = this.#options;
    return token === undefined ? {} : { authorization: `Bearer ${token()}` };
  }

  async #post(
    kind: 'SubscriptionValidation' | 'Notification',
    event: GridEvent,
    attempt: number,
  ): Promise<{ status: number; text: string; problem: string }> {
    const { webhookUrl, schema, name, topic } = this.#options;
    const { contentType, body } = dress(event, schema, topic);
    try {
      const response = await (this.#options.fetch ?? fetch)(webhookUrl, {
        method: 'POST',
        headers: {
          ...this.#authorization(),
          'content-type': contentType,
          'aeg-event-type': kind,
          'aeg-subscription-name': name.toUpperCase(),
          'aeg-delivery-count': String(attempt),
          'aeg-metadata-version': '1',
          'aeg-data-version': event.dataVersion,
          'aeg-output-event-id': event.id,
        },
        body,
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(ATTEMPT_MS)]),
      });
      return { status: response.status, text: await response.text(), problem: `HTTP ${response.status}` };
    } catch (error) {
      return { status: 0, text: '', problem: problemOf(error) };
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

const refusal = z.object({ error: z.union([z.string(), z.object({ message: z.string() })]) });

/** Why, where the answer says it as the application does. */
function saidIn(text: string): string {
  const { error } = refusal.safeParse(jsonOf(text)).data ?? {};
  const message = typeof error === 'object' ? error.message : error;
  return message === undefined ? '' : ` (${message.slice(0, 200)})`;
}

function problemOf(error: unknown): string {
  const cause = error instanceof Error && error.cause ? `: ${messageOf(error.cause)}` : '';
  return messageOf(error) + cause;
}
