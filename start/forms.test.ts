import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../shared/errors.ts';
import { builtForms } from './forms.ts';

test('a folder that was never built is named, with what makes it', () => {
  assert.throws(
    () => builtForms('/nowhere'),
    (error) => error instanceof ConfigError && /no \/nowhere\/stream-host\. .*npm run build:deploy/.test(error.message),
  );
});
