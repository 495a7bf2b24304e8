import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const ROOT = path.join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');

/** The table of docs/operations.md that says what a caller hears while something is away. */
function rows(): { readonly away: string; readonly shownBy: string }[] {
  const [, section = ''] = /\n## When something fails\n([\s\S]*?)\n## /.exec(read('docs/operations.md')) ?? [];
  const [table = ''] = section.split('\n\n').filter((block) => block.startsWith('| away |'));
  return table
    .split('\n')
    .slice(2)
    .map((line) => line.split(' | '))
    .map((cells) => ({ away: cells[0]?.replace('| ', '') ?? '', shownBy: cells.at(-1) ?? '' }));
}

test('what a caller hears while a service is away is shown by tests: each row names some, and they are there', () => {
  const missing: string[] = [];
  for (const { away, shownBy } of rows()) {
    const named = [...shownBy.matchAll(/`([\w./-]+\.test\.ts)` "([^"]+)"/g)];
    assert.ok(named.length > 0, `${away} names no test`);
    for (const [, file = '', title = ''] of named) {
      if (!read(file).includes(title)) missing.push(`${away}: ${file} has no "${title}"`);
    }
  }
  assert.deepEqual(missing, []);
});

test('the table has a row for each service that a call needs', () => {
  const names = rows().map(({ away }) => away);
  for (const needed of [
    /voice/,
    /model, refusing/,
    /model, silent/,
    /recogniser/,
    /speech-to-speech/,
    /Redis/,
    /ACS/,
    /the functions/,
  ]) {
    assert.ok(
      names.some((name) => needed.test(name)),
      `${needed} among ${names.join(', ')}`,
    );
  }
});
