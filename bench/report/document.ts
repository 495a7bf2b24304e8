import type { Line } from '../row.ts';
import { cell, figure, labelOf, machineText, subjectsOf, targetText } from './figures.ts';
import { type Environment, type RowReport, type RunReport, SUBJECT_TITLES } from './run-report.ts';
import { isWithinSpread, verdict } from './target.ts';

/** `docs/benchmarks.md` for a run: everything in it comes from the run, nothing is written by hand. */
export function documentText(run: RunReport): string {
  const newest = run.rows.map(({ environment }) => environment).toSorted((a, b) => b.date.localeCompare(a.date))[0];
  return [
    '# Benchmarks',
    'Written by `npm run bench -- --write-docs`: change the rows in `bench/rows/`, not this page. The figures behind it, ' +
      'with the points of every plot, are in [`benchmarks/results.json`](benchmarks/results.json).',
    ...(newest ? [environmentText(newest)] : []),
    howToText(),
    ...run.rows.map((row) => rowText(row)),
  ]
    .join('\n\n')
    .concat('\n');
}

function environmentText({ cpu, cores, memoryGb, os, node, versions }: Environment): string {
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    '## Machine and versions',
    table([
      ['', ''],
      ['processor', `${cpu}, ${cores} cores`],
      ['memory', `${memoryGb} GB`],
      ['system', os],
      ['Node', node],
      ['packages', packages.join(', ')],
    ]),
  ].join('\n\n');
}

const SPREADS = [
  '## What the spreads are',
  'A figure stands with its spread in brackets: the 95 % interval that the samples of its run give for it. It says how far ' +
    'the figure is known from so many samples, and so how far those of a like run may be off; the fewer samples, the wider.',
  [
    '- Percentiles and medians: between the two samples whose ranks hold the true one in 95 of 100 cases, whatever the ' +
      'distribution (the ranks are binomial). `≥` stands where the samples are too few to bound it from above (a p95 of ' +
      'fewer than 72 samples, a p99 of fewer than 368) or cannot (the longest of all): it is then the longest that was ' +
      'seen, and `≤`, with fewer than six samples, the shortest: the true figure may well be beyond. The longest has for its lower end the sixth longest, ' +
      'which that of a like run falls short of in about 1 of 64 cases.',
    '- Moments in a scene are known to a frame, 20 ms: the spread of a delay in a scene is never less than 10 ms to either side.',
    '- Shares of scenes: Wilson’s interval. Counts of rare events: Poisson’s, so that none seen is `0 (0 – 3.67)`; where the ' +
      'parts of a run differ by more than chance, as events come in bursts, by Student over the parts.',
    '- Where lateness comes in bursts (the rows over sockets and the interrupt command), samples of one moment say the same: ' +
      'the spread is then the wider of the above and of a bootstrap over stretches of time, of two or three seconds for the ' +
      'phone calls and of 0.3 s for the commands.',
    '- Means, processor time and memory: Student over the samples or the parts of the run; differences by Welch. What was read ' +
      'once in a run has `≤` and `≥` at what a reading cannot tell apart.',
    '- No brackets: the seed repeats it exactly (the soak’s virtual calls).',
  ].join('\n'),
  'What they cannot see: all parts of a run share its processes and its hour. A process that settles otherwise at its next ' +
    'start, or a machine whose other guests are busy all the while, moves every part alike. Under each table stands what the ' +
    'machine did while the row ran (cores in use, cores that its own host gave to others, how often somebody waited for one), ' +
    'and `--compare` sets both runs’ side by side where they differ. Two runs agree in a figure where their spreads overlap: of ' +
    'figures that are truly the same, about one in two hundred differs all the same. Where they do not, but one of them is ' +
    'of fewer than six samples or a single reading, that is called too few to tell. A target that is met or missed within ' +
    'the spread is so by the figure alone: a like run might find otherwise.',
].join('\n\n');

function howToText(): string {
  return [
    '## Run it again',
    [
      '```sh',
      'npm ci',
      'npm run bench                                  # every row, under 15 minutes on two cores',
      'npm run bench -- --list                        # the rows there are',
      'npm run bench -- soak --seed 7                 # one row, other chances',
      'npm run bench -- --json mine.json              # keep the figures',
      'npm run bench -- --compare mine.json           # does a second run agree within the spreads?',
      '```',
    ].join('\n'),
    'Peers are installed on demand into a temporary folder, and driven by the same driver with the same audio, the same ' +
      'delays of the providers and the same clock.',
    SPREADS,
  ].join('\n\n');
}

function rowText(row: RowReport): string {
  const { title, includes, leavesOut, environment, machine, outcome, tookSeconds } = row;
  const measuredAt =
    `\`npm run bench ${row.name}\`, ${environment.date.slice(0, 16).replace('T', ' ')} UTC, commit ${environment.commit}, ` +
    `seed ${environment.seed}, ${figure(tookSeconds)} s, load before the run ${environment.loadBefore}` +
    `${machine ? `; ${machineText(machine)}` : ''}.`;
  const found =
    outcome.type === 'failed'
      ? [`**This row failed:** ${inline(outcome.error)}`]
      : [
          linesTable(outcome.lines),
          ...outcome.plots.map(({ file, title: alt }) => `![${inline(alt)}](benchmarks/${file})`),
          ...(outcome.notes.length > 0 ? [outcome.notes.map((note) => `- ${inline(note)}`).join('\n')] : []),
        ];
  return [
    `## ${title}`,
    ...found,
    `*Includes:* ${inline(includes)}`,
    `*Leaves out:* ${inline(leavesOut)}`,
    `<sub>${measuredAt.replace(/`([^`]*)`/g, '<code>$1</code>')}</sub>`,
  ].join('\n\n');
}

function linesTable(lines: Extract<RowReport['outcome'], { type: 'measured' }>['lines']): string {
  const subjects = subjectsOf(lines);
  return table([
    ['', ...subjects.map((subject) => SUBJECT_TITLES[subject]), 'target'],
    ...lines.map((line) => [
      labelOf(line),
      ...subjects.map((subject) => cell(line, subject)),
      line.target === undefined ? '' : `${targetText(line.target)}${verdictMark(line)}`,
    ]),
  ]);
}

function verdictMark(line: Line): string {
  const judged = verdict(line);
  const within = isWithinSpread(line) ? ', within the spread' : '';
  return judged === 'met' ? ` · met${within}` : judged === 'missed' ? ` · **missed**${within}` : '';
}

/** The first row is the head; figures stand to the right. */
function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const bar = (cells: readonly string[]) =>
    `| ${cells.map((text) => inline(text).replace(/\|/g, '\\|')).join(' | ')} |`;
  const rule = `| ${head.map((_, at) => (at === 0 || head[0] === head[1] ? '---' : '---:')).join(' | ')} |`;
  return [bar(head), rule, ...body.map(bar)].join('\n');
}

/** Text of a row or of an error as one line of Markdown that opens no HTML. What stands between backticks is code. */
function inline(text: string): string {
  const parts = text.replace(/\s+/g, ' ').trim().split('`');
  return parts.map((part, at) => (at % 2 === 1 ? part : part.replace(/</g, '&lt;'))).join('`');
}
