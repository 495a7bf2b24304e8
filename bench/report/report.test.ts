import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { rowText, writeDocs } from './document.ts';
import { figure, measured, verdict } from './figures.ts';
import {
  type Environment,
  type ReportedLine as Line,
  type RowReport,
  type RunReport,
  readRunReport,
} from './run-report.ts';

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
  return { label: 'stop p95', unit: 'ms', results: { parley: exactly(4) }, ...changes };
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
  const judge = (target: string | undefined, value: number, peer?: number) =>
    verdict(
      line({
        ...(target === undefined ? {} : { target }),
        results: { parley: exactly(value), ...(peer === undefined ? {} : { 'livekit-default': exactly(peer) }) },
      }),
    );
  assert.equal(judge('≤ 5', 5), 'met');
  assert.equal(judge('≤ 5', 5.1), 'missed');
  assert.equal(judge('< 5', 5), 'missed');
  assert.equal(judge('≥ 10000', 10_001), 'met');
  assert.equal(judge('= 0', 0), 'met');
  assert.equal(judge('= 0', 1), 'missed');
  assert.equal(judge('< livekit-default', 4, 5), 'met');
  assert.equal(judge('< livekit-default', 6, 5), 'missed');
  assert.equal(judge('< livekit-default', 6), 'unknown', 'the peer was not measured');
  assert.equal(judge('fast', 1), 'unknown');
  assert.equal(judge(undefined, 1), 'unknown');
  assert.equal(verdict(line({ target: '≤ 5', results: { parley: { none: 'not measured' } } })), 'unknown');
});

test('a row that failed says so in the table, with its error', () => {
  const text = rowText(row([], { outcome: { type: 'failed', error: 'no network' } }));
  assert.match(text, /## Barge-in\n\n\*\*This row failed:\*\* no network/);
});

test('the table has a column for each subject, the target and whether it is met', () => {
  const results = { parley: exactly(4), 'livekit-default': { none: 'not installed' } } as const;
  const text = rowText(row([line({ target: '≤ 5', results })]));
  assert.match(text, /Parley \| LiveKit Agents \(default\) \| target/);
  assert.match(text, /stop p95 \[ms\] \| 4 \| not installed \| ≤ 5 · met/);
});

test('the page and its figures are written; rows that did not run keep theirs, of this machine only', (t) => {
  const docs = mkdtempSync(path.join(os.tmpdir(), 'bench-docs-'));
  t.after(() => rmSync(docs, { recursive: true }));
  const stored = path.join(docs, 'benchmarks/results.json');
  writeFileSync(path.join(docs, 'benchmarks.md'), 'By hand.\n');
  writeDocs(run(row([line()]), row([line()], { name: 'cost', title: 'Cost' })), docs);
  writeDocs(run(row([line({ label: 'stop | p99 <i>' })])), docs);
  const page = readFileSync(path.join(docs, 'benchmarks.md'), 'utf8');
  assert.match(page, /\| stop \\\| p99 &lt;i> \[ms\] \| 4 \|/);
  assert.match(page, /- Replay with `x <seed>`, if &lt; 5\./);
  assert.match(page, /^By hand\.\n<!--.*## Machine and versions.*## Cost/s);
  assert.equal(page.match(/By hand/g)?.length, 1);
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
