import assert from 'node:assert/strict';
import os from 'node:os';
import { test } from 'node:test';
import { captureEnvironment, waitedIn } from './environment.ts';
import type { Row, RowContext, RowResult } from './row.ts';
import { runRows } from './run-rows.ts';

const environment = captureEnvironment(3, ['parley', 'livekit-best'], new Date());
const result: RowResult = { lines: [], notes: ['done'] };

function row(name: string, run: (context: RowContext) => Promise<RowResult>): Row {
  return { name, title: name, includes: '', leavesOut: '', estimateSeconds: 1, run };
}

function start(rows: readonly Row[], signal = new AbortController().signal) {
  const progress: string[] = [];
  const done = runRows(rows, {
    seed: 3,
    subjects: ['parley'],
    workFolder: os.tmpdir(),
    signal,
    environment,
    onProgress: ({ name }, text) => progress.push(`${name}: ${text}`),
    onDone: () => {},
  });
  return { done, progress };
}

test('a row that fails is reported with its error, and the next one runs', async () => {
  const { done, progress } = start([
    row('broken', async () => {
      throw new Error('no clips');
    }),
    row('well', async (context) => {
      context.progress(`seed ${context.seed}`);
      return result;
    }),
  ]);
  const reports = await done;
  assert.deepEqual(
    reports.map(({ outcome }) => (outcome.type === 'failed' ? outcome.error : outcome.notes[0])),
    ['no clips', 'done'],
  );
  assert.deepEqual(progress, ['well: seed 3']);
});

test('Ctrl-C reaches the row that runs, and no further one is started', async () => {
  const controller = new AbortController();
  const started = Promise.withResolvers<void>();
  const { done } = start(
    [
      row(
        'long',
        ({ signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(new Error('closed')), { once: true });
            started.resolve();
          }),
      ),
      row('never', async () => result),
    ],
    controller.signal,
  );
  await started.promise;
  controller.abort(new Error('ended by the user'));
  const reports = await done;
  assert.deepEqual(
    reports.map(({ name, outcome }) => [name, outcome.type === 'failed' && outcome.error]),
    [['long', 'ended by the user']],
  );
});

test('the environment names the machine, the commit and the versions of all that was measured', () => {
  assert.equal(environment.seed, 3);
  assert.equal(environment.node, process.version);
  assert.match(environment.commit, /^[0-9a-f]{10}|^unknown/);
  assert.ok(environment.versions.parley && environment.versions.ws && environment.versions['@livekit/agents']);
});

test('how long somebody waited for a core is read from what the kernel tells, where it does', () => {
  assert.equal(waitedIn('some avg10=0.00 avg60=0.00 avg300=0.00 total=251000\nfull avg10=0.00 total=7\n'), 251_000);
  assert.equal(waitedIn('nothing known'), Number.NaN);
});
