import { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai';
import type { CodeOf } from '../../shared/error-codes.ts';
import { DependencyError, messageOf } from '../../shared/errors.ts';

/** What the provider itself called its refusal; never what was said. */
export interface ProviderReason {
  readonly status?: number;
  readonly providerCode?: string;
  readonly providerParam?: string;
}

/** A code or a name of a parameter, and nothing that could be a sentence. */
const NAME = /^[\w.[\]-]{1,64}$/;

/** The provider's reason, of what the client threw or of the error made of it. */
export function providerReason(thrown: unknown): ProviderReason {
  const error = thrown instanceof DependencyError ? thrown.cause : thrown;
  if (!(error instanceof APIError)) return {};
  const { status, code, param } = error;
  return {
    ...(status !== undefined && { status }),
    ...(typeof code === 'string' && NAME.test(code) && { providerCode: code }),
    ...(typeof param === 'string' && NAME.test(param) && { providerParam: param }),
  };
}

/** How long a throttled client is asked to wait, where the service says so: seconds or a date, as RFC 9110 has it. */
export function retryAfterMs({ headers }: APIError, nowMs: number): number | undefined {
  const inMs = Number(headers?.get('retry-after-ms') ?? Number.NaN);
  if (Number.isFinite(inMs)) return inMs;
  const text = headers?.get('retry-after');
  if (!text) return undefined;
  const seconds = Number(text);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** Whether the content filter refused what the model was sent, and not what it answered. */
export const isRefusedPrompt = (thrown: unknown): boolean =>
  thrown instanceof APIError && thrown.status === 400 && thrown.code === 'content_filter';

/**
 * Gives what the language model's client threw a stable code and says what to do about it. The service's own text stays
 * in the cause: it may quote what was said.
 */
export function toModelError(thrown: unknown): DependencyError {
  if (thrown instanceof DependencyError) return thrown;
  const [code, message] = classify(thrown);
  return new DependencyError(code, message, thrown);
}

export const modelSilent = (waitedMs: number): DependencyError =>
  new DependencyError('model.silent', `The language model sent nothing for ${waitedMs} ms.`);

export const modelAway = (): DependencyError =>
  new DependencyError('model.away', 'The language model has failed several times in a row, and is not asked now.');

export const modelOverran = (limitMs: number): DependencyError =>
  new DependencyError('model.overran', `The answer was not finished within ${limitMs} ms, tools included.`);

export const modelEmpty = (finishReason: string | undefined): DependencyError =>
  new DependencyError(
    'model.empty',
    `The language model answered without a word, twice (finish reason: ${NAME.test(finishReason ?? '') ? finishReason : 'none'}).`,
  );

export const modelEndless = (limit: number): DependencyError =>
  new DependencyError('model.endless', `The language model wrote more than ${limit} characters.`);

export const modelCutOff = (cause?: unknown): DependencyError =>
  new DependencyError('model.cut_off', 'The connection to the language model broke in the middle of an answer.', cause);

export const modelFiltered = (cause?: unknown): DependencyError =>
  new DependencyError('model.filtered', 'The content filter of the language model held the answer back.', cause);

function classify(thrown: unknown): [code: CodeOf<503>, message: string] {
  if (thrown instanceof APIConnectionTimeoutError)
    return ['model.silent', 'The language model did not answer in time.'];
  if (thrown instanceof APIConnectionError) {
    return ['model.unreachable', 'The language model cannot be reached. Check AZURE_OPENAI_BASE_URL and the network.'];
  }
  if (!(thrown instanceof APIError)) return ['model.failed', `The language model failed: ${messageOf(thrown)}`];
  if (thrown.code === 'content_filter') return ['model.filtered', modelFiltered().message];
  if (thrown.code === 'upstream_unreachable') {
    return ['model.unreachable', 'The language model behind the emulator cannot be reached. Check OPENAI_BASE_URL.'];
  }
  switch (thrown.status) {
    case 401:
    case 403:
      return [
        'model.unauthorised',
        'The language model refused the key or the identity. Check AZURE_OPENAI_API_KEY; without a key, the role of the managed identity.',
      ];
    case 404:
      return [
        'model.not_found',
        'There is no such model deployment. Check AZURE_OPENAI_DEPLOYMENT and AZURE_OPENAI_BASE_URL (it ends in /openai/v1).',
      ];
    case 429:
      return [
        'model.throttled',
        `The language model is over its rate limit${waitText(thrown)}. Raise the quota of the deployment.`,
      ];
    case undefined:
      // An error event inside the stream, or a stream that could not be read.
      return ['model.cut_off', modelCutOff().message];
    default:
      return thrown.status < 500
        ? ['model.rejected', `The language model rejected the request (${reasonText(thrown)}).`]
        : ['model.failed', `The language model failed (${reasonText(thrown)}).`];
  }
}

function reasonText(thrown: APIError): string {
  const { status, providerCode, providerParam } = providerReason(thrown);
  const parts = [`HTTP ${status}`, providerCode && `code ${providerCode}`, providerParam && `param ${providerParam}`];
  return parts.filter(Boolean).join(', ');
}

function waitText(thrown: APIError): string {
  const seconds = Number(thrown.headers?.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) ? ` for ${seconds} s` : '';
}
