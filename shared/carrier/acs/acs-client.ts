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

/** @param attemptMs how long one attempt of a request may take; there are up to three */
export function openAcsClient(access: AcsAccess, attemptMs = ATTEMPT_MS): CallAutomationClient {
  const options: CallAutomationClientOptions = {
    retryOptions: RETRIES,
    additionalPolicies: [
      {
        position: 'perRetry',
        policy: {
          // The pipeline has no time limit of its own, and several operations ignore `abortSignal`.
          name: 'bounded-attempt',
          sendRequest(request, next) {
            request.timeout = attemptMs;
            return next(request);
          },
        },
      },
    ],
  };
  if ('endpoint' in access) return new CallAutomationClient(access.endpoint, access.credential, options);
  const allowInsecureConnection = /endpoint=http:/i.test(access.connectionString);
  return new CallAutomationClient(access.connectionString, { ...options, allowInsecureConnection });
}
