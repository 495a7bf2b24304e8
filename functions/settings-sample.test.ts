import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig, settings } from '../shared/config.ts';

const sample: { Values: Record<string, string> } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../local.settings.sample.json'), 'utf8'),
);

test('the sample lists every setting, and none that does not exist', () => {
  const forTheHost = new Set(['FUNCTIONS_WORKER_RUNTIME', 'AzureWebJobsStorage']);
  const listed = Object.keys(sample.Values).filter((name) => !forTheHost.has(name));
  assert.deepEqual(listed.sort(), Object.keys(settings.shape).sort());
});

test('what the sample says passes as it stands', () => {
  assert.doesNotThrow(() => loadConfig(sample.Values));
});
