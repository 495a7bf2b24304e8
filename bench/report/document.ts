import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cellsOf, figure } from './figures.ts';
import { type RowReport, type RunReport, readRunReport } from './run-report.ts';

const DOCS = path.join(import.meta.dirname, '../../docs');
/** What is above it in the page is written by hand. */
const BEGIN = '<!-- What follows is written by `npm run bench -- --write-docs`. -->';

/**
 * Writes the rows into `benchmarks.md`, and the figures behind them. Rows that did not run now keep the figures of
 * an earlier run, but only of the same machine and Node: a table of two machines would compare nothing.
 * @returns the document's path
 */
export function writeDocs(run: RunReport, docs = DOCS): string {
  const folder = path.join(docs, 'benchmarks');
  mkdirSync(folder, { recursive: true });
  const stored = path.join(folder, 'results.json');
  const merged = existsSync(stored) ? merge(readRunReport(stored), run) : run;
  writeFileSync(stored, `${JSON.stringify(merged)}\n`);
  const document = path.join(docs, 'benchmarks.md');
  const [byHand = ''] = readFileSync(document, 'utf8').split(BEGIN);
  const parts = [`${byHand}${BEGIN}`, machineTable(merged), ...merged.rows.map(rowText)];
  writeFileSync(document, `${parts.join('\n\n')}\n`);
  return document;
}

/** The earlier run with the rows of the later one in their places. */
function merge(earlier: RunReport, now: RunReport): RunReport {
  const machine = ({ environment: { cpu, cores, node } }: RowReport) => `${cpu}, ${cores}, ${node}`;
  const [here] = now.rows;
  if (!here) return earlier;
  const kept = earlier.rows.filter((row) => machine(row) === machine(here));
  const later = new Map(now.rows.map((row) => [row.name, row]));
  const added = now.rows.filter(({ name }) => !kept.some((row) => row.name === name));
  return { ...now, rows: [...kept.map((row) => later.get(row.name) ?? row), ...added] };
}

/** That of the newest row. */
function machineTable({ rows }: RunReport): string {
  const newest = rows.map(({ environment }) => environment).toSorted((a, b) => b.date.localeCompare(a.date))[0];
  if (!newest) return '';
  const { cpu, cores, memoryGb, os, node } = newest;
  const versions = Object.fromEntries(rows.flatMap(({ environment }) => Object.entries(environment.versions)));
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const facts = { processor: `${cpu}, ${cores} cores`, memory: `${memoryGb} GB`, system: os, Node: node };
  const cells = Object.entries({ '': '', ...facts, packages: packages.join(', ') });
  return `## Machine and versions\n\n${table(cells, '---')}`;
}

/** One row as Markdown, for the page and for whoever waits at the terminal. */
export function rowText(row: RowReport): string {
  const { name, title, includes, leavesOut, environment, machine, outcome, tookSeconds } = row;
  const { date, commit, seed, loadBefore } = environment;
  const measuredAt =
    `<code>npm run bench ${name}</code>, ${date.slice(0, 16).replace('T', ' ')} UTC, commit ${commit}, ` +
    `seed ${seed}, ${figure(tookSeconds)} s, load before the run ${loadBefore}` +
    `${machine ? `; somebody waited for a core ${machine.waitedPercent} % of the time` : ''}.`;
  const found =
    outcome.type === 'failed'
      ? [`**This row failed:** ${inline(outcome.error)}`]
      : [
          table(cellsOf(outcome.lines), '---:'),
          ...(outcome.notes.length > 0 ? [outcome.notes.map((note) => `- ${inline(note)}`).join('\n')] : []),
        ];
  const frame = [`*Includes:* ${inline(includes)}`, `*Leaves out:* ${inline(leavesOut)}`, `<sub>${measuredAt}</sub>`];
  return [`## ${title}`, ...found, ...frame].join('\n\n');
}

/** The first row is the head. @param rule how all columns but the first are aligned */
function table(rows: readonly (readonly string[])[], rule: string): string {
  const [head = [], ...body] = rows;
  const bar = (cells: readonly string[]) =>
    `| ${cells.map((text) => inline(text).replace(/\|/g, '\\|')).join(' | ')} |`;
  return [bar(head), `| ${head.map((_, at) => (at === 0 ? '---' : rule)).join(' | ')} |`, ...body.map(bar)].join('\n');
}

/** Text of a row or of an error as one line of Markdown that opens no HTML. What stands between backticks is code. */
function inline(text: string): string {
  const parts = text.replace(/\s+/g, ' ').trim().split('`');
  return parts.map((part, at) => (at % 2 === 1 ? part : part.replace(/</g, '&lt;'))).join('`');
}
