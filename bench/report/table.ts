import { cellsOf, figure } from './figures.ts';
import type { RowReport } from './run-report.ts';

const WIDEST_LABEL = 60;
const WIDEST_CELL = 34;

/** One row's result as text for a terminal: subjects as columns, then the target and whether Parley meets it. */
export function rowTable({ title, name, tookSeconds, outcome }: RowReport): string {
  const head = `${title}  (${name}, ${figure(tookSeconds)} s)`;
  if (outcome.type === 'failed') return `${head}\n  FAILED: ${outcome.error}\n`;
  return [head, ...aligned(cellsOf(outcome.lines)), ...outcome.notes.map((note) => `  · ${note}`), ''].join('\n');
}

/** Labels to the left, figures to the right; a reason that is longer than a column is broken over lines. */
function aligned(table: readonly (readonly string[])[]): string[] {
  const wrapped = table.map((row) => row.map((text, at) => wrap(text, at === 0 ? WIDEST_LABEL : WIDEST_CELL)));
  const widths = (table[0] ?? []).map((_, at) =>
    Math.max(...wrapped.flatMap((row) => (row[at] ?? []).map((text) => text.length))),
  );
  return wrapped.flatMap((row) =>
    Array.from({ length: Math.max(...row.map((parts) => parts.length)) }, (_, part) => {
      const padded = (text: string, at: number) =>
        at === 0 ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0);
      return `  ${row.map((parts, at) => padded(parts[part] ?? '', at)).join('  ')}`.trimEnd();
    }),
  );
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const joined = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && joined.length <= width) lines[lines.length - 1] = joined;
    else lines.push(word);
  }
  return lines;
}
