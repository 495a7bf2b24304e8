import assert from 'node:assert/strict';
import { ERROR_CODES, type ErrorCode } from '../../error-codes.ts';
import { errorBody } from '../error-body.ts';
import { errorsOf, isPathOf, toldStatus } from '../route.ts';
import { ALL_ROUTES } from '../routes/all.ts';

/**
 * Fails unless an answer is what the reference says of its route: a status with the body of its schema and no field
 * more, or an error with a code that is named there and the status of that code.
 * @param path with the prefix, without the query
 */
export function assertDocumented(method: string, path: string, status: number, body: unknown): void {
  const route = ALL_ROUTES.find((contract) => contract.method === method && isPathOf(contract, path));
  // The host's own 404.
  if (route === undefined) return;
  const schema = route.answers[status];
  if (schema !== undefined && !errorBody.safeParse(body).success) {
    assert.deepEqual(schema.parse(body), body, `${method} ${path} answers ${status} with what is not in its schema`);
    return;
  }
  const { code } = errorBody.parse(body).error;
  assert.ok(errorsOf(route).includes(code as ErrorCode), `${method} ${path} does not name the code ${code}`);
  assert.equal(status, toldStatus(route, ERROR_CODES[code as ErrorCode].status));
}
