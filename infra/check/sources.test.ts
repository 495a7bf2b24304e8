import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { wantedSubscription } from '../hooks/incoming-calls.ts';
import { Bicep, copySources } from './bicep.ts';
import { keptCompiled } from './check-infra.ts';
import { findCompiler } from './find-compiler.ts';
import { lineOf } from './finding.ts';
import { dataLocationFindings } from './required-values.ts';
import { subscriptionFindings } from './subscription.ts';
import { templateFindings } from './template.ts';
import { patchedAt } from './testing/patch.ts';

const INFRA = path.join(import.meta.dirname, '..');

// Before the first test: what is registered behind a wait that follows one may come when the file is over.
const compiler = await findCompiler(process.env);

test('found: a place for data that ACS calls by another name (08)', () => {
  const types = readFileSync(path.join(INFRA, 'types.bicep'), 'utf8');
  assert.deepEqual(dataLocationFindings(types), []);
  const found = dataLocationFindings(types.replace("| 'UK'", "| 'United Kingdom'")).map(lineOf);
  assert.match(found.join('\n'), /ACS has no "United Kingdom".*\n.*"UK" is not among them/);
});

test('found: a subscription to ringing calls by which events come late, together, of more types, or without a token (18)', () => {
  const target = 'properties.destination.properties';
  assert.deepEqual(subscriptionFindings(), []);
  for (const [place, put] of [
    ['properties.retryPolicy.eventTimeToLiveInMinutes', 10],
    ['properties.retryPolicy.maxDeliveryAttempts', 30],
    [`${target}.maxEventsPerBatch`, 10],
    ['properties.filter.includedEventTypes', []],
    [`${target}.azureActiveDirectoryApplicationIdOrUri`, undefined],
  ] as const) {
    const found = subscriptionFindings((delivery) => patchedAt(wantedSubscription(delivery), place, put));
    assert.match(found.map(lineOf).join('\n'), new RegExp(place.split('.')[1] ?? ''), place);
  }
});

const noCompiler = 'missing' in compiler && compiler.missing;
const scratch = mkdtempSync(path.join(tmpdir(), 'parley-sources-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

test('found: a module that does not wait for what it reads, and a secret that an output gives out (04, 20)', {
  skip: noCompiler,
}, async () => {
  assert.ok('program' in compiler);
  copySources(INFRA, scratch);
  const file = path.join(scratch, 'main.bicep');
  const right = readFileSync(file, 'utf8');
  const wrong = right
    .replace(/(module functions '.*?dependsOn: \[.*?)\n {4}recordsStorage/s, '$1')
    .replace(/^ {2}settings: (streamHostSettings\(.*\))$/m, '  settings: union($1, { X: transcriptionWebhookSecret })');
  writeFileSync(file, wrong);
  const bicep = new Bicep(compiler, keptCompiled(process.env));
  const found = templateFindings((await bicep.template(scratch)) ?? '').map(lineOf);
  assert.match(
    found.join('\n'),
    /output STREAM_HOST_PARAMETERS: it gives out the secret parameter transcriptionWebhookSecret/,
  );
  assert.match(
    found.join('\n'),
    /module functions: it reads .* names\.recordsStorage, which module recordsStorage makes/,
  );
});
