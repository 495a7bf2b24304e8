import type { CodeOf } from '../../shared/error-codes.ts';
import { DependencyError } from '../../shared/errors.ts';
import type { RealtimeProblem } from '../contract/realtime.ts';
import type { TransportEnd } from './realtime-transport.ts';
import type { ServiceMessage } from './server-event.ts';

/** How a session ended that we did not close. */
export interface SessionEnd {
  readonly error: DependencyError;
  /** Another session would end the same way. */
  readonly final: boolean;
}

type RealtimeCode = CodeOf<503> & `realtime.${string}`;

/** A service's code, or the name of a field: nothing that could be a sentence, which may quote what was said. */
const NAME = /^[\w.[\]-]{1,100}$/;

/** What the services' own codes mean for a session. The first that fits counts. */
const MEANINGS: readonly { readonly code: RegExp; readonly means: RealtimeCode; readonly final: boolean }[] = [
  { code: /session_expired|session_timeout/i, means: 'realtime.expired', final: false },
  { code: /rate_?limit|too_?many|throttl|quota|^429$/i, means: 'realtime.throttled', final: false },
  {
    code: /api_?key|unauthori[sz]ed|access_?denied|forbidden|permission|authentication|^40[13]$/i,
    means: 'realtime.unauthorised',
    final: true,
  },
  {
    code: /(model|deployment|agent)_?not_?found|(invalid|unknown|unsupported)_?(model|deployment)|^404$/i,
    means: 'realtime.not_found',
    final: true,
  },
];

/** An `error` or `warning`, as far as anybody but a developer may read it. */
export function problemOf(given: Partial<ServiceMessage> | null | undefined): RealtimeProblem {
  const { code, type, param, message } = given ?? {};
  return {
    code: nameOr(code, nameOr(type, 'unknown')),
    ...(isName(param) && { param }),
    message: message ?? '',
  };
}

/** Whether it is a code that may be told and logged. */
export const isName = (given: unknown): given is string => typeof given === 'string' && NAME.test(given);

const nameOr = (given: unknown, otherwise: string): string => (isName(given) ? given : otherwise);

/** What an `error` of the service's means where it ended the session. */
export function endOfProblem(service: string, { code, param }: RealtimeProblem): SessionEnd {
  const meaning = MEANINGS.find((each) => each.code.test(code));
  const reason = param === undefined ? `code ${code}` : `code ${code}, param ${param}`;
  return end(meaning?.means ?? 'realtime.failed', `${service} ended the session (${reason}).`, meaning?.final ?? false);
}

/** What the end of the connection means. @param last what the service complained of just before */
export function endOfTransport(service: string, gone: TransportEnd, last: RealtimeProblem | undefined): SessionEnd {
  if (gone.type === 'silent') {
    return end('realtime.silent', `${service} does not answer pings any more.`, false);
  }
  if (gone.type === 'unreachable') {
    // Its words may hold addresses of ours: they are for the log.
    const cause = new Error(gone.reason);
    return gone.isIdentity
      ? end('realtime.unauthorised', `There is no token for ${service}.`, false, cause)
      : end('realtime.unreachable', `${service} cannot be reached.`, false, cause);
  }
  if (gone.type === 'refused') return refusal(service, gone.status);
  if (last) return endOfProblem(service, last);
  const reason = nameOr(gone.reason, '');
  const meaning = MEANINGS.find((each) => each.code.test(reason));
  return end(
    meaning?.means ?? 'realtime.lost',
    `${service} closed the connection (${gone.code}${reason && `, ${reason}`}).`,
    meaning?.final ?? false,
  );
}

export const silentFor = (service: string, ms: number, awaited: string): SessionEnd =>
  end('realtime.silent', `${service} sent no ${awaited} for ${ms} ms.`, false);

/** Nobody knows what it was to say: that the caller has finished, perhaps. */
export const unreadable = (service: string): SessionEnd =>
  end('realtime.lost', `${service} said something that is no JSON.`, false);

export const rejected = (service: string, reason: string): SessionEnd =>
  end('realtime.rejected', `${service} did not take the session: ${reason}.`, true);

function refusal(service: string, status: number): SessionEnd {
  const reason = `${service} refused the connection (HTTP ${status}).`;
  if (status === 401 || status === 403) return end('realtime.unauthorised', reason, true);
  if (status === 404) return end('realtime.not_found', reason, true);
  if (status === 429) return end('realtime.throttled', reason, false);
  // A redirect is not followed: it would be given our key.
  if (status >= 300 && status < 500 && status !== 408) return end('realtime.rejected', reason, true);
  return end('realtime.failed', reason, false);
}

const end = (code: RealtimeCode, message: string, final: boolean, cause?: Error): SessionEnd => ({
  error: new DependencyError(code, message, cause),
  final,
});
