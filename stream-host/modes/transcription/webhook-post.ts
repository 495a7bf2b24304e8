import type { Clock } from '../../../shared/clock.ts';
import type { PostOutcome } from './webhook-delivery.ts';
import { signedHeaders, type WebhookMessage } from './webhook-message.ts';

export interface WebhookPostOptions {
  readonly url: string;
  readonly secret: string;
  readonly clock: Clock;
  /** How long the receiver may take to answer. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
/** The receiver has read the message and will not have it; or it will have none any more. */
const HOPELESS: ReadonlySet<number> = new Set([400, 410, 413, 415, 422]);

/** Sends messages to the webhook. Redirects are not followed: the address is a setting, and the words go nowhere else. */
export function webhookPost({ url, secret, clock, timeoutMs = TIMEOUT_MS }: WebhookPostOptions) {
  return async (message: WebhookMessage, signal: AbortSignal): Promise<PostOutcome> => {
    const late = new AbortController();
    const cancel = clock.after(timeoutMs, () => late.abort());
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: signedHeaders(secret, message, clock.wallMs()),
        body: message.body,
        redirect: 'manual',
        signal: AbortSignal.any([signal, late.signal]),
      });
      await response.body?.cancel();
      if (response.ok) return { outcome: 'delivered' };
      const outcome = HOPELESS.has(response.status) ? 'hopeless' : 'refused';
      const reason = `The webhook answered ${response.status}.`;
      return { outcome, reason, retryAfterMs: retryAfter(response.headers.get('retry-after')) };
    } catch (error) {
      return {
        outcome: 'refused',
        reason: late.signal.aborted ? `No answer within ${timeoutMs} ms.` : reasonOf(error),
      };
    } finally {
      cancel();
    }
  };
}

/** What `fetch` says of a failure, and its cause, may name the address, and that may hold a key. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
  const name = error instanceof Error ? error.name : 'unknown';
  return `The webhook cannot be reached (${code ?? name}).`;
}

/** Seconds; a date is left to our own pauses. */
function retryAfter(header: string | null): number | undefined {
  const seconds = Number(header);
  return header !== null && Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : undefined;
}
