import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { documentText } from './document.ts';
import { plotSvg } from './plot/plot-svg.ts';
import { type RowReport, type RunReport, readRunReport } from './run-report.ts';

const DOCS = path.join(import.meta.dirname, '../../docs');

/**
 * Writes `benchmarks.md`, the plots and the figures behind them. Rows that did not run now keep the figures of an
 * earlier run, but only of the same machine and Node: a table of two machines would compare nothing.
 * @returns the document's path
 */
export function writeDocs(run: RunReport, docs = DOCS): string {
  const folder = path.join(docs, 'benchmarks');
  mkdirSync(folder, { recursive: true });
  const stored = path.join(folder, 'results.json');
  const merged = existsSync(stored) ? merge(readRunReport(stored), run) : run;
  const plots = merged.rows.flatMap(({ outcome }) => (outcome.type === 'measured' ? outcome.plots : []));
  for (const file of readdirSync(folder)) if (file.endsWith('.svg')) rmSync(path.join(folder, file));
  for (const plot of plots) writeFileSync(path.join(folder, plot.file), plotSvg(plot));
  writeFileSync(stored, `${JSON.stringify(merged)}\n`);
  const document = path.join(docs, 'benchmarks.md');
  writeFileSync(document, documentText(merged));
  return document;
}

/** The earlier run with the rows of the later one in their places. */
export function merge(earlier: RunReport, now: RunReport): RunReport {
  const machine = ({ environment: { cpu, cores, node } }: RowReport) => `${cpu}, ${cores}, ${node}`;
  const here = now.rows[0];
  if (!here) return earlier;
  const kept = earlier.rows.filter((row) => machine(row) === machine(here));
  const later = new Map(now.rows.map((row) => [row.name, row]));
  const replaced = kept.map((row) => later.get(row.name) ?? row);
  const added = now.rows.filter(({ name }) => !kept.some((row) => row.name === name));
  return { ...now, rows: [...replaced, ...added] };
}
