import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { browserCommand, browserMessage } from '../shared/protocol/browser.ts';

const ROOT = path.join(import.meta.dirname, '..');
const promises = readFileSync(path.join(ROOT, 'docs/promises.md'), 'utf8');
const PROMISES = 17;

test('what the promises rest on is there: every file and folder that they name', () => {
  const named = [...promises.matchAll(/`([\w-]+(?:\/[\w.-]+)+\/?)`/g)].map(([, file]) => file ?? '');
  assert.deepEqual(
    named.filter((file) => !existsSync(path.join(ROOT, file))),
    [],
  );
  assert.ok(named.length > 50);
});

test('every promise has its line', () => {
  const numbers = [...promises.matchAll(/^\| (\d+) \|/gm)].map(([, number]) => Number(number));
  assert.deepEqual(
    numbers,
    Array.from({ length: PROMISES }, (_, index) => index + 1),
  );
});

test('every message and every command of the browser’s socket is written about', () => {
  const page = readFileSync(path.join(ROOT, 'docs/browser-socket.md'), 'utf8');
  const types = [...browserMessage.options, ...browserCommand.options].flatMap(({ shape: { type } }) =>
    'options' in type ? type.options : [...type.values],
  );
  // The two of the old contract that are never sent.
  const told = types.filter((type) => type !== 'exit' && type !== 'error');
  assert.deepEqual(
    told.filter((type) => !page.includes(`\`${type}\``) && !page.includes(`"type":"${type}"`)),
    [],
  );
});
