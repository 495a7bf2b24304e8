import { cell, figure, labelOf, subjectsOf, targetText } from './figures.ts';
import { type Environment, type RowReport, type RunReport, SUBJECT_TITLES } from './run-report.ts';
import { verdict } from './target.ts';

/** `docs/benchmarks.md` for a run: everything in it comes from the run, nothing is written by hand. */
export function documentText(run: RunReport): string {
  const newest = run.rows.map(({ environment }) => environment).toSorted((a, b) => b.date.localeCompare(a.date))[0];
  return [
    '# Benchmarks',
    'Written by `npm run bench -- --write-docs`: change the rows in `bench/rows/`, not this page. The figures behind it, ' +
      'with the points of every plot, are in [`benchmarks/results.json`](benchmarks/results.json).',
    ...(newest ? [machineText(newest)] : []),
    howToText(),
    ...run.rows.map((row) => rowText(row)),
  ]
    .join('\n\n')
    .concat('\n');
}

function machineText({ cpu, cores, memoryGb, os, node, versions }: Environment): string {
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
      'delays of the providers and the same clock. A figure stands with its spread, over the repeats or blocks of the ' +
      'run, in brackets; one without brackets has none, because the seed repeats it exactly or because it is a count.',
  ].join('\n\n');
}

function rowText(row: RowReport): string {
  const { title, includes, leavesOut, environment, outcome, tookSeconds } = row;
  const measuredAt =
    `\`npm run bench ${row.name}\`, ${environment.date.slice(0, 16).replace('T', ' ')} UTC, commit ${environment.commit}, ` +
    `seed ${environment.seed}, ${figure(tookSeconds)} s, load before the run ${environment.loadBefore}.`;
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
      line.target === undefined ? '' : `${targetText(line.target)}${verdictMark(verdict(line))}`,
    ]),
  ]);
}

function verdictMark(judged: ReturnType<typeof verdict>): string {
  return judged === 'met' ? ' · met' : judged === 'missed' ? ' · **missed**' : '';
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
