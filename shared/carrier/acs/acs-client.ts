import { CallAutomationClient, type CallAutomationClientOptions } from '@azure/communication-call-automation';
import type { TokenCredential } from '@azure/identity';
import { ConfigError } from '../../errors.ts';

/**
 * How ACS knows us: by its connection string, `endpoint=https://…;accesskey=…` (plain http is for the emulator: ACS itself
 * has none), or at an address, over TLS only, by tokens of an identity.
 */
export type AcsAccess =
  | { readonly connectionString: string }
  | { readonly endpoint: string; readonly credential: TokenCredential };

/** @throws {ConfigError} where the settings name neither or both */
export function acsAccessOf(
  settings: { readonly ACS_CONNECTION_STRING?: string | undefined; readonly ACS_ENDPOINT?: string | undefined },
  credential: TokenCredential,
): AcsAccess {
  const { ACS_CONNECTION_STRING: connectionString, ACS_ENDPOINT: endpoint } = settings;
  if (connectionString !== undefined && endpoint === undefined) return { connectionString };
  if (endpoint !== undefined && connectionString === undefined) return { endpoint, credential };
  throw new ConfigError('ACS takes ACS_CONNECTION_STRING or ACS_ENDPOINT, one of them.');
}

/** Where it is. */
export const addressOf = (access: AcsAccess): string =>
  'endpoint' in access ? access.endpoint : (/endpoint=([^;]+)/i.exec(access.connectionString)?.[1] ?? '');

const ATTEMPT_MS = 5_000;
/** The SDK's own default (three retries from 800 ms) lets a caller ring for seconds after one hiccup. */
const RETRIES = { maxRetries: 2, retryDelayInMs: 100, maxRetryDelayInMs: 1_000 };

export interface AcsClient {
  readonly client: CallAutomationClient;
  /** Whether a request that failed so surely never reached ACS, in none of its attempts. */
  readonly isUnsent: (thrown: unknown) => boolean;
}

/** What the network says before a connection stands: nothing has gone out over it. */
const NO_CONNECTION: ReadonlySet<unknown> = new Set([
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN'],
]);
const hasNoConnection = (thrown: unknown): boolean =>
  thrown instanceof Error &&
  ('code' in thrown ? NO_CONNECTION.has(thrown.code) || /^connect E/.test(thrown.message) : false);

/** @param attemptMs how long one attempt of a request may take; there are up to three */
export function openAcsClient(access: AcsAccess, attemptMs = ATTEMPT_MS): AcsClient {
  /** Requests of which an attempt may have reached ACS, and failures of those of which none has. */
  const gone = new WeakSet<object>();
  const unsent = new WeakSet<object>();
  const options: CallAutomationClientOptions = {
    retryOptions: RETRIES,
    additionalPolicies: [
      {
        position: 'perRetry',
        policy: {
          // The pipeline has no time limit of its own, and several operations ignore `abortSignal`.
          name: 'bounded-attempt',
          async sendRequest(request, next) {
            request.timeout = attemptMs;
            try {
              const response = await next(request);
              gone.add(request);
              return response;
            } catch (error) {
              if (!hasNoConnection(error)) gone.add(request);
              else if (error instanceof Error && !gone.has(request)) unsent.add(error);
              throw error;
            }
          },
        },
      },
    ],
  };
  const isUnsent = (thrown: unknown) => thrown instanceof Error && unsent.has(thrown);
  if ('endpoint' in access) {
    return { client: new CallAutomationClient(access.endpoint, access.credential, options), isUnsent };
  }
  const allowInsecureConnection = /endpoint=http:/i.test(access.connectionString);
  return {
    client: new CallAutomationClient(access.connectionString, { ...options, allowInsecureConnection }),
    isUnsent,
  };
}
