import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { lineOf } from './finding.ts';
import { dataLocationFindings } from './required-values.ts';

const INFRA = path.join(import.meta.dirname, '..');

test('found: a place for data that ACS calls by another name (08)', () => {
  const types = readFileSync(path.join(INFRA, 'types.bicep'), 'utf8');
  assert.deepEqual(dataLocationFindings(types), []);
  const found = dataLocationFindings(types.replace("| 'UK'", "| 'United Kingdom'")).map(lineOf);
  assert.match(found.join('\n'), /ACS has no "United Kingdom".*\n.*"UK" is not among them/);
});
