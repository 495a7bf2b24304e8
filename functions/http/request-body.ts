import type { HttpRequest } from '@azure/functions';
import type { z } from 'zod';
import { ParleyError, RequestError } from '../../shared/errors.ts';

const MAX_BODY_BYTES = 1_048_576;

/**
 * The body as JSON. Its content type does not matter: ACS and Event Grid send several.
 * @throws {RequestError} `request.not-json`
 * @throws {ParleyError} `request.too-large`, status 413
 */
export async function readJson(request: HttpRequest): Promise<unknown> {
  const text = await request.text();
  if (text.length > MAX_BODY_BYTES) {
    throw new ParleyError('request.too-large', `The body may have at most ${MAX_BODY_BYTES} bytes.`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new RequestError('request.not-json', 'The body must be JSON.');
  }
}

/**
 * @throws {RequestError} `request.invalid`, whose details name each bad field and what is wrong with it, but not what
 * was given: it may be private
 */
export function validate<Value>(schema: z.ZodType<Value>, given: unknown): Value {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => ({ field: issue.path.join('.'), message: issue.message }));
  const fields = issues.map(({ field, message }) => (field === '' ? message : `${field}: ${message}`));
  throw new RequestError('request.invalid', `The request is not as it should be: ${fields.join('; ')}`, { issues });
}
