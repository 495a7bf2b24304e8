import type { Clock } from '../../../shared/clock.ts';
import { type CallTraces, noCallTraces } from '../../../shared/telemetry/call-traces.ts';
import type { DependencyCall } from '../../../shared/telemetry/dependency-span.ts';
import type { PostOutcome } from './webhook-delivery.ts';
import { signedHeaders, type WebhookMessage } from './webhook-message.ts';

export interface WebhookPostOptions {
  readonly url: string;
  readonly secret: string;
  readonly clock: Clock;
  /** Has each attempt in the trace of its call. */
  readonly traces?: Pick<CallTraces, 'client'> | undefined;
  /** How long the receiver may take to answer. */
  readonly timeoutMs?: number;
}

/** What became of one attempt, and what its span tells of that: a code of our own, and none where we broke it off. */
interface Attempt extends Pick<DependencyCall, 'error' | 'status'> {
  readonly result: PostOutcome;
}

const TIMEOUT_MS = 10_000;
/** The receiver has read the message and will not have it; or it will have none any more. */
const HOPELESS: ReadonlySet<number> = new Set([400, 410, 413, 415, 422]);

/** Sends messages to the webhook. Redirects are not followed: the address is a setting, and the words go nowhere else. */
export function webhookPost(options: WebhookPostOptions) {
  const { url, secret, clock, traces = noCallTraces, timeoutMs = TIMEOUT_MS } = options;
  const span = {
    dependency: 'webhook',
    operation: 'deliver_words',
    method: 'POST',
    // Path and query are the receiver's own affair, and keys stand in them.
    url: URL.canParse(url) ? new URL(url).origin : '',
    isRetried: true,
    toldOf: ({ error, status }: Attempt) => ({ error, status }),
  } as const;
  const attempt = async (message: WebhookMessage, signal: AbortSignal): Promise<Attempt> => {
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
      const { status } = response;
      if (response.ok) return { result: { outcome: 'delivered' }, status };
      const outcome = HOPELESS.has(status) ? 'hopeless' : 'refused';
      const reason = `The webhook answered ${status}.`;
      const retryAfterMs = retryAfter(response.headers.get('retry-after'));
      return { result: { outcome, reason, retryAfterMs }, status, error: 'webhook.refused' };
    } catch (error) {
      const isLate = late.signal.aborted;
      const reason = isLate ? `No answer within ${timeoutMs} ms.` : reasonOf(error);
      const code = isLate ? 'webhook.silent' : 'webhook.unreachable';
      return { result: { outcome: 'refused', reason }, error: signal.aborted ? undefined : code };
    } finally {
      cancel();
    }
  };
  /** @param sessionId whose words they are; without it, nobody's trace has the attempt */
  return async (message: WebhookMessage, signal: AbortSignal, sessionId?: string): Promise<PostOutcome> => {
    const asked = { ...span, ...(sessionId !== undefined && { sessionId }) };
    return (await traces.client(asked, () => attempt(message, signal))).result;
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
