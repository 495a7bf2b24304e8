import { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai';
import type { CodeOf } from '../../shared/error-codes.ts';
import { DependencyError, messageOf } from '../../shared/errors.ts';

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

export const modelOverran = (limitMs: number): DependencyError =>
  new DependencyError('model.overran', `The answer was not finished within ${limitMs} ms, tools included.`);

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
  switch (thrown.status) {
    case 401:
    case 403:
      return ['model.unauthorised', 'The language model refused the key. Check AZURE_OPENAI_API_KEY.'];
    case 404:
      return [
        'model.not_found',
        'There is no such model deployment. Check AZURE_OPENAI_DEPLOYMENT and AZURE_OPENAI_BASE_URL (it ends in /openai/v1).',
      ];
    case 429:
      return ['model.throttled', 'The language model is over its rate limit. Raise the quota of the deployment.'];
    case undefined:
      // An error event inside the stream, or a stream that could not be read.
      return ['model.cut_off', modelCutOff().message];
    default:
      return thrown.status < 500
        ? ['model.rejected', `The language model rejected the request (HTTP ${thrown.status}).`]
        : ['model.failed', `The language model failed (HTTP ${thrown.status}).`];
  }
}
