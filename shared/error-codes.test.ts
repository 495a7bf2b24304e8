import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERROR_CODES } from './error-codes.ts';
import { ConfigError, ParleyError } from './errors.ts';

test('each code says what happened and what to do about it, in whole sentences (review 3.4)', () => {
  for (const [code, { meaning, remedy }] of Object.entries(ERROR_CODES)) {
    assert.match(code, /^[a-z-]+(\.[a-z_-]+)?$/, code);
    assert.match(meaning, /^[A-Z].+\.$/, code);
    assert.match(remedy, /^[A-Z].+[.~]$/, code);
  }
});

test('an error has the status of its code, and a code that is not in the table does not compile', () => {
  assert.equal(new ParleyError('once.input-differs', 'Given twice.').status, 409);
  assert.equal(new ConfigError('Bad.').status, 503);
  // @ts-expect-error: no such code
  assert.throws(() => new ParleyError('nobody.knows', 'Never.').status);
});
