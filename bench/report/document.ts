import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cellsOf, figure, machineText } from './figures.ts';
import { plotSvg } from './plot-svg.ts';
import { type Environment, type RowReport, type RunReport, readRunReport } from './run-report.ts';

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
function merge(earlier: RunReport, now: RunReport): RunReport {
  const machine = ({ environment: { cpu, cores, node } }: RowReport) => `${cpu}, ${cores}, ${node}`;
  const [here] = now.rows;
  if (!here) return earlier;
  const kept = earlier.rows.filter((row) => machine(row) === machine(here));
  const later = new Map(now.rows.map((row) => [row.name, row]));
  const added = now.rows.filter(({ name }) => !kept.some((row) => row.name === name));
  return { ...now, rows: [...kept.map((row) => later.get(row.name) ?? row), ...added] };
}

/** `docs/benchmarks.md` for a run: everything in it comes from the run, nothing is written by hand. */
function documentText(run: RunReport): string {
  const newest = run.rows.map(({ environment }) => environment).toSorted((a, b) => b.date.localeCompare(a.date))[0];
  const machine = newest ? environmentText(newest) : '';
  return `${[HEAD, machine, HOW_TO, SPREADS, ...run.rows.map(rowText)].filter((part) => part !== '').join('\n\n')}\n`;
}

const HEAD = `# Benchmarks

Written by \`npm run bench -- --write-docs\`: change the rows in \`bench/rows/\`, not this page. The figures behind it, with the points of every plot, are in [\`benchmarks/results.json\`](benchmarks/results.json).`;

const HOW_TO = `## Run it again

\`\`\`sh
npm ci
npm run bench                                  # every row, under 20 minutes on two cores
npm run bench -- --list                        # the rows there are
npm run bench -- soak --seed 7                 # one row, other chances
npm run bench -- --json mine.json              # keep the figures
npm run bench -- --compare mine.json           # does a second run agree within the spreads?
\`\`\`

Peers are installed on demand into a temporary folder, and driven by the same driver with the same audio, the same delays of the providers and the same clock.`;

const SPREADS = `## What the spreads are

A figure stands with its spread in brackets: the 95 % interval that the samples of its run give for it. It says how far the figure is known from so many samples, and so how far those of a like run may be off; the fewer samples, the wider.

- Percentiles and medians: between the two samples whose ranks hold the true one in 95 of 100 cases, whatever the distribution (the ranks are binomial). \`≥\` stands where the samples are too few to bound it from above (a p95 of fewer than 72 samples, a p99 of fewer than 368) or cannot (the longest of all): it is then the longest that was seen, and \`≤\`, with fewer than six samples, the shortest: the true figure may well be beyond. The longest has for its lower end the sixth longest, which that of a like run falls short of in about 1 of 64 cases.
- Moments in a scene are known to a frame, 20 ms: the spread of a delay in a scene is never less than 10 ms to either side.
- Shares of scenes: Wilson’s interval. Counts of rare events: Poisson’s, so that none seen is \`0 (0 – 3.67)\`; where the parts of a run differ by more than chance, as events come in bursts, by Student over the parts.
- Where lateness comes in bursts (the rows over sockets and the interrupt command), samples of one moment say the same: the spread is then the wider of the above and of a bootstrap over stretches of time, of two or three seconds for the phone calls and of 0.3 s for the commands.
- Means, processor time and memory: Student over the samples or the parts of the run; differences by Welch. What was read once in a run has \`≤\` and \`≥\` at what a reading cannot tell apart.
- No brackets: the seed repeats it exactly (the soak’s virtual calls).

What they cannot see: all parts of a run share its processes and its hour. A process that settles otherwise at its next start, or a machine whose other guests are busy all the while, moves every part alike. Under each table stands what the machine did while the row ran (cores in use, cores that its own host gave to others, how often somebody waited for one), and \`--compare\` sets both runs’ side by side where they differ. Two runs agree in a figure where their spreads overlap: of figures that are truly the same, about one in two hundred differs all the same. Where they do not, but one of them is of fewer than six samples or a single reading, that is called too few to tell. A target that is met or missed within the spread is so by the figure alone: a like run might find otherwise.`;

function environmentText({ cpu, cores, memoryGb, os, node, versions }: Environment): string {
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const rows = [
    ...[
      ['', ''],
      ['processor', `${cpu}, ${cores} cores`],
      ['memory', `${memoryGb} GB`],
      ['system', os],
    ],
    ...[
      ['Node', node],
      ['packages', packages.join(', ')],
    ],
  ];
  return `## Machine and versions\n\n${table(rows, '---')}`;
}

function rowText(row: RowReport): string {
  const { name, title, includes, leavesOut, environment, machine, outcome, tookSeconds } = row;
  const { date, commit, seed, loadBefore } = environment;
  const measuredAt =
    `<code>npm run bench ${name}</code>, ${date.slice(0, 16).replace('T', ' ')} UTC, commit ${commit}, ` +
    `seed ${seed}, ${figure(tookSeconds)} s, load before the run ${loadBefore}` +
    `${machine ? `; ${machineText(machine)}` : ''}.`;
  const found =
    outcome.type === 'failed'
      ? [`**This row failed:** ${inline(outcome.error)}`]
      : [
          table(cellsOf(outcome.lines).map(withVerdict), '---:'),
          ...outcome.plots.map(({ file, title: alt }) => `![${inline(alt)}](benchmarks/${file})`),
          ...(outcome.notes.length > 0 ? [outcome.notes.map((note) => `- ${inline(note)}`).join('\n')] : []),
        ];
  const frame = [`*Includes:* ${inline(includes)}`, `*Leaves out:* ${inline(leavesOut)}`, `<sub>${measuredAt}</sub>`];
  return [`## ${title}`, ...found, ...frame].join('\n\n');
}

/** Target and verdict share a column here. */
function withVerdict(cells: readonly string[]): string[] {
  const [target = '', verdict = ''] = cells.slice(-2);
  const shown = verdict.replace(/^MISSED/, '**missed**');
  return [...cells.slice(0, -2), verdict === '' || verdict === '?' ? target : `${target} · ${shown}`];
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
