import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { compareRuns, comparisonText } from './compare.ts';
import { writeDocs } from './document.ts';
import { figure, isWithinSpread, measured, verdict } from './figures.ts';
import {
  type Environment,
  type ReportedLine as Line,
  type Measure,
  type RowReport,
  type RunReport,
  readRunReport,
} from './run-report.ts';
import { rowTable } from './table.ts';

const environment: Environment = {
  date: '2026-11-22T10:00:00.000Z',
  seed: 1,
  commit: 'abcdef1234',
  cpu: 'Test processor',
  cores: 2,
  memoryGb: 8,
  os: 'Linux 6.1 x64',
  node: 'v24.21.0',
  loadBefore: 0.1,
  versions: { parley: '0.1.0' },
};

const exactly = (value: number) => ({ value, low: value, high: value, n: 1 });

function line(changes: Partial<Line> = {}): Line {
  return { label: 'stop p95', unit: 'ms', better: 'lower', results: { parley: exactly(4) }, ...changes };
}

function row(lines: readonly Line[], changes: Partial<RowReport> = {}): RowReport {
  return {
    name: 'barge-in',
    title: 'Barge-in',
    includes: 'all',
    leavesOut: 'nothing',
    tookSeconds: 12,
    environment,
    outcome: {
      type: 'measured',
      lines: lines.map((one) => ({ ...one, results: { ...one.results } })),
      plots: [{ file: 'a-b.svg', title: 'A', xLabel: 'x', yLabel: 'y', kind: 'line', series: [] }],
      notes: ['Replay with `x <seed>`, if < 5.'],
    },
    ...changes,
  };
}

const run = (...rows: RowReport[]): RunReport => ({ version: 1, tookSeconds: 12, rows });

test('a figure shows three digits that mean something, and its spread where it has one', () => {
  assert.deepEqual([0.012_34, 4.567, 99.96, 312.4, 12_345.6, -3, 0].map(figure), [
    '0.0123',
    '4.57',
    '100',
    '312',
    '12\u202f346',
    '-3',
    '0',
  ]);
  assert.equal(measured({ value: 4.2, low: 3.9, high: 5, n: 3 }), '4.2 (3.9 – 5)');
  assert.equal(measured(exactly(7)), '7');
  assert.equal(measured({ value: 8, low: 5, high: 9, open: 'above', n: 20 }), '8 (5 – ≥ 9)');
  assert.equal(measured({ value: 8, low: 8, high: 8, open: 'both', n: 1 }), '8 (≤ 8 – ≥ 8)');
});

test('a target is met, missed, or not judged at all, but never guessed', () => {
  const judge = (target: string | undefined, value: number, better: Line['better'] = 'lower', peer?: number) =>
    verdict(
      line({
        better,
        ...(target === undefined ? {} : { target }),
        results: { parley: exactly(value), ...(peer === undefined ? {} : { 'livekit-default': exactly(peer) }) },
      }),
    );
  assert.equal(judge('≤ 5', 5), 'met');
  assert.equal(judge('≤ 5', 5.1), 'missed');
  assert.equal(judge('< 5', 5), 'missed');
  assert.equal(judge('≥ 10000', 10_001, 'higher'), 'met');
  assert.equal(judge('0', 0), 'met');
  assert.equal(judge('= 0', 1), 'missed');
  assert.equal(judge('< livekit-default', 4, 'lower', 5), 'met');
  assert.equal(judge('< livekit-default', 6, 'lower', 5), 'missed');
  assert.equal(judge('< livekit-default', 6), 'unknown', 'the peer was not measured');
  assert.equal(judge('fast', 1), 'unknown');
  assert.equal(judge(undefined, 1), 'unknown');
  assert.equal(verdict(line({ target: '≤ 5', results: { parley: { none: 'not measured' } } })), 'unknown');
});

test('a verdict whose target lies within the spread says so, but not one on exactly nothing', () => {
  const wide = { value: 4, low: 2, high: 6, n: 9 };
  const within = (target: string, parley: Measure = wide, peer?: Measure) =>
    isWithinSpread(line({ target, results: { parley, ...(peer && { 'livekit-default': peer }) } }));
  assert.equal(within('≤ 5'), true);
  assert.equal(within('≤ 7'), false);
  assert.equal(within('≤ 7', { ...wide, open: 'above' }), true, 'nothing bounds it');
  assert.equal(within('≤ 1', { ...wide, open: 'above' }), false);
  assert.equal(within('< livekit-default', wide, { value: 7, low: 5, high: 9, n: 9 }), true);
  assert.equal(within('< livekit-default', wide, { value: 9, low: 7, high: 11, n: 9 }), false);
  assert.equal(
    within('≤ livekit-default', { value: 0, low: 0, high: 3, n: 3 }, { value: 0, low: 0, high: 3, n: 3 }),
    true,
  );
  assert.equal(within('= 0', { value: 0, low: 0, high: 3.67, n: 0 }), false);
  assert.match(rowTable(row([line({ target: '≤ 5', results: { parley: wide } })])), /met, within the spread/);
});

test('runs agree where their spreads overlap, and differ where a figure is gone', () => {
  const spread = (low: number, high: number) => line({ results: { parley: { value: low, low, high, n: 3 } } });
  const agreeing = (before: Line, now: Line) =>
    compareRuns(run(row([before])), run(row([now]))).flatMap(({ figures }) =>
      figures.map(({ verdict: found }) => found === 'agrees'),
    );
  assert.deepEqual(agreeing(spread(3, 5), spread(4.9, 6)), [true]);
  assert.deepEqual(agreeing(spread(3, 5), spread(5.1, 6)), [false]);
  assert.deepEqual(agreeing(line(), line({ results: { parley: exactly(4.001) } })), [true], 'they read the same');
  assert.deepEqual(agreeing(line(), line({ results: { parley: { none: 'gone' } } })), [false]);
  assert.deepEqual(agreeing(line(), line({ label: 'another' })), [false, false]);
  assert.deepEqual(compareRuns(run(row([line()])), run(row([line()], { name: 'other' }))), []);
});

test('too few samples to bound a figure cannot tell of two runs that they differ', () => {
  const resumed = (n: number) =>
    line({ results: { parley: { value: 4, low: 3, high: 5, n, ...(n < 6 && { open: 'both' as const }) } } });
  const none = line({ results: { parley: { none: 'no samples' } } });
  const judge = (before: Line, now: Line) => compareRuns(run(row([before])), run(row([now])))[0]?.figures[0]?.verdict;
  assert.equal(judge(none, resumed(3)), 'untold');
  assert.equal(judge(resumed(3), none), 'untold');
  assert.equal(judge(resumed(30), none), 'differs');
  assert.equal(judge(resumed(3), line({ results: { parley: exactly(9) } })), 'untold');
  assert.equal(judge(resumed(3), resumed(3)), 'agrees');
  assert.equal(judge(resumed(30), line({ results: { parley: exactly(9) } })), 'differs');
});

test('a comparison ends with what differs, and says what else was otherwise', () => {
  const far = line({ label: 'cost', results: { parley: exactly(9) } });
  const machine = { busyPercent: 91.2, stolenPercent: 0.4, waitedPercent: 33 };
  const later = row([line(), far], { machine, environment: { ...environment, commit: 'fedcba4321' } });
  const text = comparisonText(compareRuns(run(row([line(), { ...far, results: { parley: exactly(2) } }])), run(later)));
  const lines = text.split('\n').map((one) => one.trim());
  assert.deepEqual(lines.slice(-6), [
    'barge-in',
    'DIFFERS  cost [ms], Parley: 2 before, 9 now',
    'commit: abcdef1234 before, fedcba4321 now',
    'machine before: nothing is known of it',
    'machine now: cores 91.2 % busy, 0.4 % stolen; somebody waited for one 33 % of the time',
    '1 of 2 figures agree within the spreads stated, 1 differ. 0 are apart, but of fewer than six samples or a single reading, which bound nothing.',
  ]);
});

test('a row that failed says so in the table, with its error', () => {
  const text = rowTable(row([], { outcome: { type: 'failed', error: 'no network' } }));
  assert.match(text, /Barge-in.*\n\s+FAILED: no network/);
});

test('the table has a column for each subject, the target and whether it is met', () => {
  const results = { parley: exactly(4), 'livekit-default': { none: 'not installed' } } as const;
  const text = rowTable(row([line({ target: '≤ 5', results })]));
  assert.match(text, /Parley +LiveKit Agents \(default\) +target/);
  assert.match(text, /stop p95 \[ms\] +4 +not installed +≤ 5 +met/);
});

test('the page, its plots and its figures are written; rows that did not run keep theirs, of this machine only', (t) => {
  const docs = mkdtempSync(path.join(os.tmpdir(), 'bench-docs-'));
  t.after(() => rmSync(docs, { recursive: true }));
  const stored = path.join(docs, 'benchmarks/results.json');
  writeDocs(run(row([line()]), row([line()], { name: 'cost', title: 'Cost' })), docs);
  writeDocs(run(row([line({ label: 'stop | p99 <i>' })])), docs);
  const page = readFileSync(path.join(docs, 'benchmarks.md'), 'utf8');
  assert.match(page, /\| stop \\\| p99 &lt;i> \[ms\] \| 4 \|/);
  assert.match(page, /- Replay with `x <seed>`, if &lt; 5\./);
  assert.match(page, /## Cost/);
  assert.match(page, /!\[A\]\(benchmarks\/a-b\.svg\)/);
  assert.ok(existsSync(path.join(docs, 'benchmarks/a-b.svg')));
  assert.deepEqual(
    readRunReport(stored).rows.map(({ name }) => name),
    ['barge-in', 'cost'],
  );

  writeDocs(run(row([line()], { environment: { ...environment, cpu: 'Another' } })), docs);
  assert.deepEqual(
    readRunReport(stored).rows.map(({ name }) => name),
    ['barge-in'],
  );
});

test('a file that is no report is refused by name', (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-json-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'other.json');
  writeFileSync(file, '{"version": 2}');
  assert.throws(() => readRunReport(file), /other\.json is not a report of this benchmark/);
});
