import assert from 'node:assert/strict';
import os from 'node:os';
import { test } from 'node:test';
import { captureEnvironment, countedIn, machineBetween } from './environment.ts';
import type { Row, RowContext, RowResult } from './row.ts';
import { runRows } from './run-rows.ts';

const environment = captureEnvironment(3, ['parley', 'livekit-best'], new Date());
const result: RowResult = { lines: [], plots: [], notes: ['done'] };

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

test('what the machine did is told in percent of all cores and of the time, never above the whole', () => {
  const stat = (busy: number, idle: number, stolen: number) => `cpu  ${busy} 0 0 ${idle} 0 0 0 ${stolen} 0 0\ncpu0 1\n`;
  const pressure = (us: number) => `some avg10=0.00 avg60=0.00 avg300=0.00 total=${us}\nfull avg10=0.00 total=7\n`;
  const before = countedIn(stat(100, 300, 0), pressure(1000), 5000);
  const told = machineBetween(before, countedIn(stat(150, 340, 10), pressure(251_000), 6000));
  assert.deepEqual(told, { busyPercent: 60, stolenPercent: 10, waitedPercent: 25 });
  // The kernel counts to the very moment, and the clock is read a little before.
  const ahead = machineBetween(before, countedIn(stat(200, 300, 0), pressure(1_015_000), 6000));
  assert.deepEqual(ahead, { busyPercent: 100, stolenPercent: 0, waitedPercent: 100 });
  assert.equal(countedIn('nothing', 'known', 1), undefined);
  assert.equal(machineBetween(before, undefined), undefined);
});
