import type { Line } from '../row.ts';
import { cell, figure, labelOf, subjectsOf, targetText } from './figures.ts';
import type { RowReport } from './run-report.ts';
import { SUBJECT_TITLES } from './run-report.ts';
import { isWithinSpread, verdict } from './target.ts';

const WIDEST_CELL = 34;

/** One row's result as text for a terminal: subjects as columns, then the target and whether Parley meets it. */
export function rowTable(row: RowReport): string {
  const head = `${row.title}  (${row.name}, ${figure(row.tookSeconds)} s)`;
  if (row.outcome.type === 'failed') return `${head}\n  FAILED: ${row.outcome.error}\n`;
  const { lines, notes } = row.outcome;
  const subjects = subjectsOf(lines);
  const titles = ['', ...subjects.map((subject) => SUBJECT_TITLES[subject]), 'target', ''];
  const cells = lines.map((line) => [
    labelOf(line),
    ...subjects.map((subject) => cell(line, subject)),
    line.target === undefined ? '' : targetText(line.target),
    line.target === undefined ? '' : verdictText(line),
  ]);
  return [head, ...aligned([titles, ...cells]), ...notes.map((note) => `  · ${note}`), ''].join('\n');
}

function verdictText(line: Line): string {
  const judged = verdict(line);
  const within = isWithinSpread(line) ? ', within the spread' : '';
  return judged === 'met' ? `met${within}` : judged === 'missed' ? `MISSED${within}` : '?';
}

/** Labels to the left, figures to the right; a reason that is longer than a column is broken over lines. */
function aligned(table: readonly (readonly string[])[]): string[] {
  const wrapped = table.map((row) => row.map((text, at) => (at === 0 ? wrap(text, 60) : wrap(text, WIDEST_CELL))));
  const widths = (table[0] ?? []).map((_, at) =>
    Math.max(...wrapped.flatMap((row) => (row[at] ?? []).map((text) => text.length))),
  );
  return wrapped.flatMap((row) => {
    const height = Math.max(...row.map((parts) => parts.length));
    return Array.from({ length: height }, (_, part) => {
      const texts = row.map((parts, at) => {
        const text = parts[part] ?? '';
        return at === 0 ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0);
      });
      return `  ${texts.join('  ').trimEnd()}`;
    });
  });
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    const joined = last === '' ? word : `${last} ${word}`;
    if (joined.length <= width || last === '') lines[lines.length - 1] = joined;
    else lines.push(word);
  }
  return lines;
}
